import { BaseCache } from '../cache/base-cache.ts'
import { noteShare } from '../cache/stores.ts'
import { coherentStore } from '../coherence/compose.ts'
import { ageClock } from '../core/time/age-clock.ts'
import { OptionsError } from '../core/errors.ts'
import { checkPrefix } from '../keys/key.ts'
import { ON_SERVER, tellStart, toldStart } from '../core/logging/start-line.ts'
import { consoleLogger, report, type Logger } from '../core/logging/logger.ts'
import { checkReadable } from '../options/checks.ts'
import { checkCacheOptions, timersFor } from '../options/options.ts'
import { systemRandom } from '../core/time/system.ts'
import { WireFormat } from '../serialization/wire/wire-format.ts'
import { adaptClient } from './libraries/adapt.ts'
import { RedisAtomicStore } from './atomic/redis-atomic-store.ts'
import { describeServer } from './connection/describe-server.ts'
import { ClientView } from './connection/client-view.ts'
import type { RedisClient } from './connection/client.ts'
import { layoutOf, poolSize, targetOf } from './connection/options.ts'
import type { UsersClient } from './connection/users-client.ts'
import { openClient } from './libraries/open.ts'
import { RedisBus } from './store/bus.ts'
import {
  checkRedisOptions,
  clientSettings,
  DEFAULT_PREFIX,
  hardDeadlineMs,
  logLimitOf,
  type RedisCacheOptions,
  type RedisCacheSettings,
} from './redis-options.ts'
import { RedisStore } from './store/redis-store.ts'

// The clients that `create` has opened. Users cannot pass one in.
const opened = new WeakSet<object>()

/**
 * A cache on Redis or Valkey that several processes share: one server, one behind Sentinel, or a cluster. A call
 * neither fails nor waits longer than the deadline if the server is away, slow or full.
 */
export class RedisCache<V = unknown> extends BaseCache<V> {
  /**
   * Makes a cache over a client of node-redis or ioredis, which stays yours. The client is connected if it was not yet.
   * It is neither closed nor changed.
   * @throws OptionsError, KeyError for wrong options.
   */
  constructor(options: RedisCacheOptions) {
    checkRedisOptions(options, 'RedisCache')
    checkCacheOptions(options)
    const { prefix = DEFAULT_PREFIX, bus = 'pubsub', ownsDatabase = false } = options
    checkPrefix(prefix, 'prefix')
    const deadlineMs = hardDeadlineMs(options)
    const logLimit = logLimitOf(options)
    const client = clientOf(options)
    const { random = systemRandom, logger = consoleLogger, name = 'cache' } = options
    const clock = ageClock(options.clock)
    const timers = timersFor(options)
    const onLasting = options.ttl === undefined ? once(() => warnOfNoTtl(logger, name)) : undefined
    const storeOf = (of: RedisClient, under: string, format: RedisCacheSettings): RedisStore =>
      new RedisStore(of, under, formatFor({ ...formatOf(options), ...formatOf(format) }), {
        random,
        deadlineMs,
        logLimit,
        onLasting,
        atomic: new RedisAtomicStore({ client: of, prefix: under, clock, timers, random, logger, name }),
      })
    const busOf = (of: RedisClient, under: string): RedisBus =>
      new RedisBus(of, under, random, { logger, cache: name })
    const remote = storeOf(client, prefix, options)
    const composition = {
      remote,
      bus: bus === 'none' ? undefined : busOf(client, prefix),
      ownsAll: prefix !== '' || ownsDatabase,
    }
    super(coherentStore(composition, options), { ...options, prefix: '' })
    tellStart(options, { engine: 'redis', ...describeServer(options, prefix) }, ON_SERVER)
    noteShare(this, ({ prefix: own = prefix, ...format }) => {
      checkPrefix(own, 'prefix')
      const borrowed = new ClientView(client)
      return { remote: storeOf(borrowed, own, format), bus: busOf(borrowed, own), prefix: '' }
    })
  }

  /**
   * Makes a cache on the server that `url`, or `host` and `port`, name (default: 127.0.0.1:6379), with the client
   * library that is installed; or over a client of yours. The server may be away, unless `connect: 'required'` is
   * given.
   * @throws OptionsError, KeyError for wrong options, or when no client library is installed.
   */
  static async create<V = unknown>(options: RedisCacheOptions = {}): Promise<RedisCache<V>> {
    checkRedisOptions(options, 'RedisCache.create')
    checkCacheOptions(options)
    tellStart(options, { engine: 'redis', ...describeServer(options, options.prefix) }, ON_SERVER)
    const client = await openClient(options, clientSettings(options))
    opened.add(client)
    const { url: _, host: _host, port: _port, username: _name, password: _password, ...others } = options
    const { credentials: _credentials, ...rest } = others
    const { db: _db, tls: _tls, pool: _pool, layout: _layout, connect: _connect, ...settings } = rest
    try {
      // The constructor recognises it as one of its own.
      return new RedisCache<V>(toldStart({ ...settings, client: client as object as UsersClient }))
    } catch (error) {
      await client.close()
      throw error
    }
  }

  /** Makes a cache on the server of a URL; see {@link RedisCache.create}. */
  static async fromUrl<V = unknown>(url: string, options: RedisCacheOptions = {}): Promise<RedisCache<V>> {
    checkReadable(options, 'RedisCache.fromUrl')
    return RedisCache.create<V>({ ...options, url })
  }
}

function clientOf(options: RedisCacheOptions): RedisClient {
  const { client } = options
  if (typeof client === 'object' && opened.has(client)) return client as object as RedisClient
  if (client === undefined)
    throw new OptionsError(
      'client: there is none; use await RedisCache.create() to connect by url, or host and port',
    )
  targetOf(options)
  return adaptClient(client, clientSettings(options), poolSize(options), layoutOf(options))
}

type Format = Pick<RedisCacheSettings, (typeof FORMAT_OPTIONS)[number]>

const FORMAT_OPTIONS = [
  'serializer',
  'classes',
  'registry',
  'maxDepth',
  'maxCount',
  'compression',
  'encryption',
  'maxBytes',
] as const

// Has only the options that are given. For the others a cache keeps those of the cache that shares its server.
function formatOf(options: RedisCacheSettings): Format {
  return Object.fromEntries(
    FORMAT_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}

function formatFor(options: Format): WireFormat {
  const { maxBytes, ...rest } = options
  return new WireFormat({ ...rest, ...(maxBytes !== undefined && { maxBytes }) })
}

function once(action: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) action()
    isDone = true
  }
}

function warnOfNoTtl(logger: Logger, cache: string): void {
  report(
    logger,
    'warn',
    { cache },
    "an entry without a ttl is stored; such entries stay on the server for ever; set one, such as ttl: '1d'",
  )
}
