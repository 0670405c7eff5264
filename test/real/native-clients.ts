// Clients of the supported libraries, as a user would make them, with no option but the address of the server.
import { createRequire } from 'node:module'
import type { IoredisClient, NodeRedisClient, UsersClient } from '../../src/redis/connection/users-client.ts'

export const CLIENT_NAMES = ['node-redis 6', 'node-redis 5', 'ioredis 5', 'ioredis 6'] as const
export type ClientName = (typeof CLIENT_NAMES)[number]

/** A client of some library, with the operations of tests. */
export interface NativeClient {
  /** The object that a cache gets. */
  readonly client: UsersClient
  /** Connects it if its library leaves that to the user. A cache would do so by itself. */
  connect(): Promise<void>
  close(): Promise<void>
}

/** A user and a password, which may change. Each new connection takes the present ones. */
export interface Login {
  username: string
  password: string
}

type NodeRedis = NodeRedisClient & {
  connect(): Promise<unknown>
  destroy(): void
}
interface NodeRedisModule {
  createClient(options: object): NodeRedis
  createCluster(options: object): NodeRedis
  createSentinel(options: object): NodeRedis
}
type Ioredis = IoredisClient & { disconnect(): void }
interface IoRedisModule {
  readonly Redis: new (...args: readonly (string | object)[]) => Ioredis & { readonly options: object }
  readonly Cluster: new (nodes: readonly object[]) => Ioredis
}

const require = createRequire(import.meta.url)
const MODULES: Record<ClientName, string> = {
  'node-redis 6': 'redis',
  'node-redis 5': 'redis5',
  'ioredis 5': 'ioredis',
  'ioredis 6': 'ioredis6',
}

interface Endpoint {
  readonly host: string
  readonly port: number
}

function endpoints(url: string): Endpoint[] {
  const hosts = /^[a-z+]+:\/\/([^/]+)/.exec(url)?.[1] ?? ''
  return hosts.split(',').map((text) => {
    const [host = '', port = ''] = text.split(':')
    return { host, port: Number(port) }
  })
}

function nodeRedis(module: NodeRedisModule, url: string, login: Login | undefined): NativeClient {
  const make = (): NodeRedis => {
    if (url.startsWith('redis+cluster:')) {
      return module.createCluster({
        rootNodes: endpoints(url).map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
      })
    }
    if (url.startsWith('redis+sentinel:')) {
      return module.createSentinel({ name: url.split('/').at(-1), sentinelRootNodes: endpoints(url) })
    }
    if (login === undefined) return module.createClient({ url })
    const credentials = async (): Promise<Login> => login
    return module.createClient({
      url,
      credentialsProvider: { type: 'async-credentials-provider', credentials },
    })
  }
  const client = make()
  return {
    client,
    connect: async () => {
      await client.connect()
    },
    close: async () => client.destroy(),
  }
}

function ioRedis({ Redis, Cluster }: IoRedisModule, url: string, login: Login | undefined): NativeClient {
  const make = (): Ioredis => {
    if (url.startsWith('redis+cluster:')) return new Cluster(endpoints(url))
    if (url.startsWith('redis+sentinel:')) {
      // Without the detector it hangs for ever on a master that is frozen and replaced.
      return new Redis({ sentinels: endpoints(url), name: url.split('/').at(-1), failoverDetector: true })
    }
    if (login === undefined) return new Redis(url)
    const redis = new Redis(url, { ...login })
    // It accepts no function, so a user who rotates passwords changes its options.
    Object.defineProperty(redis.options, 'password', { get: () => login.password, enumerable: true })
    return redis
  }
  const client = make()
  return { client, connect: async () => undefined, close: async () => client.disconnect() }
}

/** Returns a client for one server, a Sentinel group or a cluster, by the URL that the servers of tests name. */
export function nativeClient(name: ClientName, url: string, login?: Login): NativeClient {
  const module: unknown = require(MODULES[name])
  return name.startsWith('node-redis')
    ? nodeRedis(module as NodeRedisModule, url, login)
    : ioRedis(module as IoRedisModule, url, login)
}
