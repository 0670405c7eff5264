// Options of client libraries that change replies, life cycle or routing, for their test and `npm run table:clients`.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { BaseCache } from 'cachette'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { cacheOver, type Engine } from '../caches.ts'
import { masterName, type RedisCluster, type RedisServer, type SentinelGroup } from '../servers/index.ts'

type Options = Readonly<Record<string, unknown>>

/** Packages by the names that users know. */
export const LIBRARIES = {
  'node-redis 5': 'redis5',
  'node-redis 6': 'redis',
  'ioredis 5': 'ioredis',
  'ioredis 6': 'ioredis6',
} as const
export type Library = keyof typeof LIBRARIES
type Connected = 'one server' | 'cluster' | 'Sentinel'

/** A client with an option. `refused` is the beginning of the error if the option is not to work. */
export interface OptionCase {
  readonly label: string
  readonly to: Connected
  readonly libraries: readonly Library[]
  readonly refused?: string
  make(library: Library, servers: ServersOfOptions): Promise<MadeClient>
}
export interface MadeClient {
  readonly client: object
  close(): void
}
export interface ServersOfOptions {
  readonly server: RedisServer
  readonly cluster: RedisCluster
  readonly sentinels: SentinelGroup
}

interface NodeRedisClient {
  connect(): Promise<unknown>
  destroy(): void
  subscribe(channel: string, listener: () => void): Promise<void>
  on(event: 'error', listener: () => void): unknown
}
interface NodeRedisPackage {
  createClient(options: object): NodeRedisClient & { legacy(): object; multi(): object }
  createClientPool(options: object): NodeRedisClient
  createCluster(options: object): NodeRedisClient
  createSentinel(options: object): NodeRedisClient
}
interface IoredisClient {
  disconnect(): void
  subscribe(channel: string): Promise<unknown>
  multi(): object
  on(event: 'error', listener: () => void): unknown
}
interface IoredisPackage {
  readonly Redis: new (options: object) => IoredisClient
  readonly Cluster: new (nodes: readonly object[], options: object) => IoredisClient
}

const require = createRequire(import.meta.url)
const NODE_REDIS = ['node-redis 5', 'node-redis 6'] as const
const IOREDIS = ['ioredis 5', 'ioredis 6'] as const
const ALL = [...NODE_REDIS, ...IOREDIS]
const SIDE_CACHE = { ttl: 0, maxEntries: 100, evictPolicy: 'LRU' }
const isNodeRedis = (library: Library): boolean => library.startsWith('node-redis')

function nodeRedis(library: Library): NodeRedisPackage {
  return require(LIBRARIES[library]) as NodeRedisPackage
}

function ioredis(library: Library): IoredisPackage {
  return require(LIBRARIES[library]) as IoredisPackage
}

function madeOf(client: NodeRedisClient | IoredisClient): MadeClient {
  client.on('error', () => {})
  const close = (): void => {
    try {
      if ('disconnect' in client) client.disconnect()
      else client.destroy()
    } catch {
      // It was never connected.
    }
  }
  return { client, close }
}

function hosts(servers: readonly { readonly port: number }[]): { host: string; port: number }[] {
  return servers.map(({ port }) => ({ host: '127.0.0.1', port }))
}

// Maps addresses, so that each name that the servers tell of themselves differs from the address of the connection.
function mapOf(servers: readonly { readonly port: number }[]): Options {
  return Object.fromEntries(servers.map(({ port }) => [`127.0.0.1:${port}`, { host: 'localhost', port }]))
}

function clientOf(library: Library, to: Connected, options: Options, servers: ServersOfOptions): MadeClient {
  const { server, cluster, sentinels } = servers
  const at = { cluster: hosts(cluster.servers), Sentinel: hosts(sentinels.sentinels) }
  if (isNodeRedis(library)) {
    const { createClient, createCluster, createSentinel } = nodeRedis(library)
    if (to === 'one server') return madeOf(createClient({ socket: { port: server.port }, ...options }))
    if (to === 'cluster')
      return madeOf(createCluster({ rootNodes: at.cluster.map((socket) => ({ socket })), ...options }))
    return madeOf(createSentinel({ name: masterName, sentinelRootNodes: at.Sentinel, ...options }))
  }
  const { Redis, Cluster } = ioredis(library)
  if (to === 'one server') return madeOf(new Redis({ port: server.port, ...options }))
  if (to === 'cluster') return madeOf(new Cluster(at.cluster, options))
  const sentinel = { name: masterName, sentinels: at.Sentinel, failoverDetector: true }
  return madeOf(new Redis({ ...sentinel, ...options }))
}

function options(
  to: Connected,
  libraries: readonly Library[],
  given: Options | ((servers: ServersOfOptions) => Options),
  refused?: string,
  label = labelOf(given),
): OptionCase {
  const make: OptionCase['make'] = async (library, servers) =>
    clientOf(library, to, typeof given === 'function' ? given(servers) : given, servers)
  return { label: `\`${label}\``, to, libraries, make, ...(refused !== undefined && { refused }) }
}

function labelOf(given: unknown): string {
  const text = JSON.stringify(given).slice(1, -1)
  return text
    .replaceAll(/"(\w+)":/g, '$1: ')
    .replaceAll(',', ', ')
    .replaceAll('"', "'")
}

const REPLICAS = 'reads from replicas, and a replica answers with the past'
const NO_CLIENT = 'client: it is no client of node-redis 5 or 6 or ioredis 5 or 6'

const SERVER: readonly OptionCase[] = [
  ...[
    { RESP: 2 },
    { RESP: 3 },
    { commandOptions: { timeout: 5000 } },
    { disableOfflineQueue: true },
    { disableClientInfo: true },
    { clientInfoTag: 'tag' },
    { pingInterval: 1000 },
    { name: 'named' },
    { database: 3 },
    { commandsQueueMaxLength: 1000 },
    { RESP: 3, emitInvalidate: true },
    { RESP: 3, maintNotifications: 'auto' },
  ].map((given) => options('one server', NODE_REDIS, given)),
  options(
    'one server',
    NODE_REDIS,
    { commandOptions: { typeMapping: { 36: Buffer } } },
    undefined,
    'commandOptions: {typeMapping}',
  ),
  options(
    'one server',
    NODE_REDIS,
    { RESP: 3, clientSideCache: SIDE_CACHE },
    undefined,
    'RESP: 3, clientSideCache',
  ),
  options('one server', NODE_REDIS, { readonly: true }, `client: readonly ${REPLICAS}`),
  ...[
    { enableAutoPipelining: true },
    { enableOfflineQueue: false },
    { enableReadyCheck: false },
    { lazyConnect: true },
    { showFriendlyErrorStack: true },
    { autoResubscribe: false },
    { autoResendUnfulfilledCommands: false },
    { maxRetriesPerRequest: null },
    { maxRetriesPerRequest: 0 },
    { retryStrategy: null },
    { commandTimeout: 5000 },
    { socketTimeout: 5000 },
    { connectionName: 'named' },
    { disableClientInfo: true },
    { noDelay: false },
    { keepAlive: 1000 },
    { db: 3 },
  ].map((given) => options('one server', IOREDIS, given)),
  options('one server', IOREDIS, { readOnly: true }, `client: readOnly ${REPLICAS}`),
  options(
    'one server',
    IOREDIS,
    { stringNumbers: true },
    'client: stringNumbers turns the numbers that scripts answer into text',
  ),
  options('one server', IOREDIS, { monitor: true }, 'client: monitor leaves no room for commands'),
  options('one server', ['ioredis 6'], { protocol: 2 }),
  options('one server', ['ioredis 6'], { protocol: 3, replyMapping: 'resp3' }),
  options(
    'one server',
    ['node-redis 6', ...IOREDIS],
    { keyPrefix: 'app:' },
    "client: keyPrefix 'app:' is not seen by scans",
  ),
]

const ROUTED: readonly OptionCase[] = [
  options('cluster', NODE_REDIS, { useReplicas: true }, `client: useReplicas ${REPLICAS}`),
  options('cluster', NODE_REDIS, { minimizeConnections: true }),
  options(
    'cluster',
    NODE_REDIS,
    ({ cluster }) => ({ nodeAddressMap: mapOf(cluster.servers) }),
    undefined,
    'nodeAddressMap',
  ),
  options(
    'cluster',
    NODE_REDIS,
    { RESP: 3, clientSideCache: SIDE_CACHE },
    undefined,
    'RESP: 3, clientSideCache',
  ),
  options(
    'cluster',
    ['node-redis 6', ...IOREDIS],
    { keyPrefix: 'app:' },
    "client: keyPrefix 'app:' is not seen by scans",
  ),
  options('cluster', IOREDIS, { scaleReads: 'slave' }, `client: scaleReads ${REPLICAS}`),
  options('cluster', IOREDIS, { scaleReads: 'all' }, `client: scaleReads ${REPLICAS}`),
  options('cluster', IOREDIS, { scaleReads: 'master' }),
  options('cluster', IOREDIS, { enableAutoPipelining: true }),
  options('cluster', IOREDIS, { lazyConnect: true }),
  options('cluster', IOREDIS, { shardedSubscribers: true }),
  options(
    'cluster',
    IOREDIS,
    { redisOptions: { stringNumbers: true } },
    'client: stringNumbers turns the numbers that scripts answer into text',
  ),
  options('cluster', IOREDIS, ({ cluster }) => ({ natMap: mapOf(cluster.servers) }), undefined, 'natMap'),
  options('Sentinel', NODE_REDIS, { replicaPoolSize: 2 }),
  options('Sentinel', NODE_REDIS, { reserveClient: true }),
  options('Sentinel', NODE_REDIS, { masterPoolSize: 2 }),
  options(
    'Sentinel',
    NODE_REDIS,
    ({ sentinels }) => ({ nodeAddressMap: mapOf(sentinels.servers) }),
    undefined,
    'nodeAddressMap',
  ),
  options(
    'Sentinel',
    NODE_REDIS,
    { RESP: 3, clientSideCache: SIDE_CACHE },
    undefined,
    'RESP: 3, clientSideCache',
  ),
  options(
    'Sentinel',
    ['node-redis 6', ...IOREDIS],
    { keyPrefix: 'app:' },
    "client: keyPrefix 'app:' is not seen by scans",
  ),
  options(
    'Sentinel',
    IOREDIS,
    { role: 'slave' },
    "client: role: 'slave' leads to replicas, and a replica answers with the past",
  ),
  options('Sentinel', IOREDIS, { updateSentinels: false }),
  options(
    'Sentinel',
    IOREDIS,
    ({ sentinels }) => ({ natMap: mapOf(sentinels.servers) }),
    undefined,
    'natMap',
  ),
]

// States in which a cache may get a user's client.
const STATES: readonly OptionCase[] = [
  {
    label: 'in subscriber mode, RESP 2',
    to: 'one server',
    libraries: ALL,
    make: async (library, servers) => {
      const resp2 = library === 'ioredis 6' ? { protocol: 2 } : isNodeRedis(library) ? { RESP: 2 } : {}
      return subscribed(clientOf(library, 'one server', resp2, servers))
    },
  },
  {
    label: 'in subscriber mode, RESP 3',
    to: 'one server',
    libraries: ['node-redis 5', 'node-redis 6', 'ioredis 6'],
    make: async (library, servers) =>
      subscribed(
        clientOf(library, 'one server', isNodeRedis(library) ? { RESP: 3 } : { protocol: 3 }, servers),
      ),
  },
  {
    label: 'behind a Proxy',
    to: 'one server',
    libraries: ALL,
    make: async (library, servers) => {
      const { client, close } = clientOf(library, 'one server', {}, servers)
      return { client: wrapped(client), close }
    },
  },
  {
    label: 'what `multi()` makes of it',
    to: 'one server',
    libraries: ALL,
    refused: NO_CLIENT,
    make: async (library, servers) => {
      const { client, close } = clientOf(library, 'one server', {}, servers)
      return { client: (client as { multi(): object }).multi(), close }
    },
  },
  {
    label: 'what `legacy()` makes of it',
    to: 'one server',
    libraries: NODE_REDIS,
    refused: NO_CLIENT,
    make: async (library, servers) => {
      const { client, close } = clientOf(library, 'one server', {}, servers)
      return { client: (client as { legacy(): object }).legacy(), close }
    },
  },
  {
    label: 'a pool (`createClientPool`)',
    to: 'one server',
    libraries: NODE_REDIS,
    refused: NO_CLIENT,
    make: async (library, { server }) =>
      madeOf(nodeRedis(library).createClientPool({ socket: { port: server.port } })),
  },
]

/** All cases, in the order of the table. */
export const OPTION_CASES: readonly OptionCase[] = [...SERVER, ...ROUTED, ...STATES]

/** Returns the beginning of the row of a case in the table. */
export function rowTitle({ to, label }: OptionCase): string {
  return `| ${to} | ${label} |`
}

async function subscribed(made: MadeClient): Promise<MadeClient> {
  const client = made.client as NodeRedisClient | IoredisClient
  if ('destroy' in client) await client.connect()
  await client.subscribe('channel', () => {})
  return made
}

// Wraps a client as instrumentation does.
function wrapped(client: object): object {
  return new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
}

let count = 0

/** Plays a cache over the client. @throws the cache's error, or the missing answer. */
export async function playCache(engine: Engine, client: object): Promise<void> {
  const logger = new RecordingLogger()
  const cache = cacheOver(engine, client, { prefix: `option${++count}:`, logger })
  try {
    await play(cache)
    assert.deepEqual(
      logger.lines.filter(({ level }) => level === 'error'),
      [],
    )
  } finally {
    await cache.close()
  }
}

async function play(cache: BaseCache): Promise<void> {
  await until('it to be connected', async () => cache.set('a', { text: 'ä', bytes: 1 }))
  assert.deepEqual(await cache.get('a'), { text: 'ä', bytes: 1 })
  assert.equal(await cache.increment('n', 2), 2)
  assert.equal(await cache.get('n'), 2)
  assert.equal(await cache.set('t', [1], { ttl: '1m', tags: ['tag'] }), true)
  assert.deepEqual(await cache.get('t'), [1])
  assert.equal((await cache.invalidateTag('tag'))?.l2, 'acked')
  assert.equal(await cache.get('t'), undefined)
  assert.equal(await cache.getOrSet('loaded', () => 'value'), 'value')
  const ttl = await cache.ttl('loaded')
  assert.ok(typeof ttl === 'number' && ttl > 3000, String(ttl))
  assert.ok(((await cache.deleteByPrefix('')) ?? 0) >= 2)
  assert.deepEqual(await cache.getMany(['a', 'n', 'loaded']), new Map())
}
