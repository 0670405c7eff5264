import type { Random, Timers } from '../../core/time/clock.ts'
import { ClusterClient } from '../connection/cluster/cluster-client.ts'
import type { Surroundings } from './surroundings.ts'
import { IoredisClusterSource, type IoredisCluster } from './ioredis/cluster-source.ts'
import type { Ioredis } from './ioredis/line.ts'
import { ioredisRules, IoredisSource } from './ioredis/source.ts'
import type { Source } from './line.ts'
import type { IoredisLibrary, NodeRedisLibrary } from './load.ts'
import { NodeRedisClusterSource, type NodeRedisCluster } from './node-redis/cluster-source.ts'
import type { NodeRedis } from './node-redis/line.ts'
import {
  NodeRedisSentinelSource,
  type MakeSentinel,
  type NodeRedisSentinel,
} from './node-redis/sentinel-source.ts'
import { nodeRedisRules, NodeRedisSource } from './node-redis/source.ts'
import { KEEP_ALIVE_MS, reconnectDelayMs } from '../connection/reconnect-delay.ts'
import { providerOf } from '../connection/credentials.ts'
import { withServerNames } from './server-names.ts'
import type { Place, Target } from '../connection/redis-url.ts'

/** A target with one place for all keys. */
export type SingleTarget = Target & { readonly place: Exclude<Place, { readonly kind: 'cluster' }> }

/** Creates connections of this library's own, to one server or to the master that sentinels name. */
export function createSource(
  library: NodeRedisLibrary | IoredisLibrary,
  target: SingleTarget,
  random: Random,
  timers: Timers,
): Source {
  if (library.kind === 'ioredis')
    return new IoredisSource(createIoredis(library, target, random), random, true, target.credentials)
  if (target.place.kind === 'sentinel') {
    const make: MakeSentinel = (isOver) =>
      library.createSentinel(sentinelOptions(library, target, random, isOver)) as NodeRedisSentinel
    return new NodeRedisSentinelSource(make, random, timers, target.db, JSON.stringify(target.place))
  }
  const address = target.place.kind === 'server' ? target.place.address : { path: target.place.path }
  const client = library.createClient(nodeRedisOptions(library, target, address, random))
  return new NodeRedisSource(client, random, true)
}

/** Creates a cluster client of this library's own. */
export function createCluster(
  library: NodeRedisLibrary | IoredisLibrary,
  target: Target,
  random: Random,
  timers: Timers,
  surroundings: Surroundings,
): ClusterClient<NodeRedis> | ClusterClient<Ioredis> {
  const { addresses } = target.place as Extract<Place, { kind: 'cluster' }>
  if (library.kind === 'ioredis') {
    const cluster = new library.Cluster(addresses, {
      redisOptions: { ...ioredisOptions(target), keepAlive: KEEP_ALIVE_MS },
      clusterRetryStrategy: (attempt: number) => reconnectDelayMs(attempt, random),
      enableOfflineQueue: false,
      lazyConnect: true,
    }) as IoredisCluster
    const source = new IoredisClusterSource(cluster, random, true, target.credentials)
    return new ClusterClient(source, surroundings)
  }
  const { database: _, ...defaults } = nodeRedisOptions(library, target, {}, random) as { database: number }
  const rootNodes = addresses.map((socket) => ({ socket }))
  const make = (): NodeRedisCluster => library.createCluster({ rootNodes, defaults }) as NodeRedisCluster
  return new ClusterClient(new NodeRedisClusterSource(make(), random, timers, make), surroundings)
}

/** Returns the options for a client of node-redis: login, protocol and address. */
function nodeRedisOptions(
  library: NodeRedisLibrary,
  target: Target,
  address: object,
  random: Random,
  isOver?: () => boolean,
): object {
  const { username, password, credentials, db } = target
  return {
    ...(credentials === undefined ? given({ username, password }) : providerOf(credentials)),
    database: db,
    ...nodeRedisProtocol(library),
    ...nodeRedisRules({ ...address, ...nodeRedisTls(tlsOf(target)) }, random, isOver),
  }
}

/** Returns the options for a client of ioredis: login, protocol and TLS. */
function ioredisOptions(target: Target): object {
  const { username, password, db } = target
  const tls = tlsOf(target)
  // A later protocol offers nothing that is used, and proxies may not know it.
  const rules = { db, protocol: 2 }
  return { ...given({ username, password }), ...rules, ...(tls === false ? {} : { tls: tlsOptions(tls) }) }
}

function sentinelOptions(
  library: NodeRedisLibrary,
  target: SingleTarget,
  random: Random,
  isOver: () => boolean,
): object {
  const { addresses, name } = target.place as Extract<Place, { kind: 'sentinel' }>
  const { sentinelUsername: username, sentinelPassword: password, tls } = target
  return {
    name,
    sentinelRootNodes: addresses,
    nodeClientOptions: nodeRedisOptions(library, target, {}, random, isOver),
    sentinelClientOptions: {
      ...given({ username, password }),
      ...nodeRedisProtocol(library),
      socket: nodeRedisTls(tls),
    },
    // Scans regularly, because messages of sentinels may be lost.
    scanInterval: 5000,
    maxCommandRediscovers: 1,
  }
}

function createIoredis(
  library: IoredisLibrary,
  target: SingleTarget,
  random: Random,
): InstanceType<IoredisLibrary['Redis']> {
  const rules = { ...ioredisOptions(target), ...ioredisRules(random) }
  const { place } = target
  if (place.kind === 'server') return new library.Redis({ ...place.address, ...rules })
  if (place.kind === 'socket') return new library.Redis({ path: place.path, ...rules })
  const { sentinelUsername, sentinelPassword, tls } = target
  return new library.Redis({
    sentinels: place.addresses,
    name: place.name,
    ...given({ sentinelUsername, sentinelPassword }),
    ...(tls === false ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }),
    ...rules,
  })
}

// A later protocol offers nothing that is used, and proxies may not know it. Release 5 sends HELLO if any is given.
function nodeRedisProtocol({ DEFAULT_RESP }: NodeRedisLibrary): object {
  return DEFAULT_RESP === undefined ? {} : { RESP: 2, maintNotifications: 'disabled' }
}

// Nodes of a cluster are known by IP address, which certificates seldom contain.
function tlsOf({ tls, place }: Target): boolean | object {
  if (tls === false || place.kind !== 'cluster') return tls
  return withServerNames(
    tlsOptions(tls),
    place.addresses.map(({ host }) => host),
  )
}

function nodeRedisTls(tls: boolean | object): object {
  return tls === false ? {} : { tls: true, ...tlsOptions(tls) }
}

function tlsOptions(tls: boolean | object): object {
  return typeof tls === 'object' ? tls : {}
}

// Drops undefined options, because the libraries tell them from absent ones.
function given(options: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
