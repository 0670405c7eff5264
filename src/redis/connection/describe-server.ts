import { ioredisName } from '../libraries/ioredis/source.ts'
import { nodeRedisName } from '../libraries/node-redis/source.ts'
import type { Address, Place } from './redis-url.ts'
import { isIoredis, isIoredisCluster, isNodeRedis, isNodeRedisCluster } from '../libraries/shapes.ts'
import { targetOf, type ConnectionOptions } from './options.ts'
import { DEFAULT_PREFIX } from '../redis-options.ts'

/** Describes for the log where a cache keeps its entries, without user name and password. @throws OptionsError */
export function describeServer(options: ConnectionOptions, prefix: string = DEFAULT_PREFIX): object {
  const target = targetOf(options)
  if (target === undefined) return { ...describeClient(options.client), prefix }
  return { node: nameOf(target.place), db: target.db, prefix }
}

function nameOf(place: Place): string {
  if (place.kind === 'server') return textOf(place.address)
  if (place.kind === 'socket') return place.path
  const addresses = place.addresses.map(textOf).join(',')
  return place.kind === 'cluster' ? `cluster ${addresses}` : `${place.name} of sentinels ${addresses}`
}

function describeClient(client: unknown): object {
  // First, because a client of a cluster has the methods of one of a server, too.
  if (isNodeRedisCluster(client) || isIoredisCluster(client))
    return { node: 'the cluster of the given client', db: 0 }
  if (isNodeRedis(client)) return { node: nodeRedisName(client), db: client.options?.database ?? 0 }
  if (isIoredis(client))
    return { node: ioredisName(client), db: client.condition?.select ?? client.options.db ?? 0 }
  return { node: 'the master that the given client finds' }
}

function textOf({ host, port }: Address): string {
  return `${host}:${port}`
}
