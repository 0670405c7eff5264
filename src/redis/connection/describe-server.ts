import { ioredisName } from '../libraries/ioredis/source.ts'
import { nodeRedisName } from '../libraries/node-redis/source.ts'
import type { Address, Place } from './redis-url.ts'
import { isIoredis, isNodeRedis } from '../libraries/shapes.ts'
import { targetOf, type ConnectionOptions } from './options.ts'
import { DEFAULT_PREFIX } from '../redis-options.ts'

/** Describes for the log where a cache keeps its entries, without user name and password. @throws OptionsError */
export function describeServer(options: ConnectionOptions, prefix: string = DEFAULT_PREFIX): object {
  const target = targetOf(options)
  if (target === undefined) return { node: nameOfClient(options.client), prefix }
  return { node: nameOf(target.place), db: target.db, prefix }
}

function nameOf(place: Place): string {
  if (place.kind === 'server') return textOf(place.address)
  if (place.kind === 'socket') return place.path
  const addresses = place.addresses.map(textOf).join(',')
  return place.kind === 'cluster' ? `cluster ${addresses}` : `${place.name} of sentinels ${addresses}`
}

function nameOfClient(client: unknown): string {
  if (isNodeRedis(client)) return nodeRedisName(client)
  if (isIoredis(client)) return ioredisName(client)
  return 'that of the client given'
}

function textOf({ host, port }: Address): string {
  return `${host}:${port}`
}
