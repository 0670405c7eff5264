import type { Random } from '../../core/clock.ts'
import { ioredisRules, IoredisSource } from './ioredis-source.ts'
import type { Source } from './line.ts'
import type { IoredisLibrary, NodeRedisLibrary } from './load-library.ts'
import { nodeRedisRules, NodeRedisSource } from './node-redis-source.ts'
import type { Target } from './redis-url.ts'

/** Connections of this library's own to one server, or to the master that sentinels name. */
export function createSource(
  library: NodeRedisLibrary | IoredisLibrary,
  target: Target,
  random: Random,
): Source {
  if (library.kind === 'ioredis') return ioredisSource(library, target, random)
  return nodeRedisSource(library, target, random)
}

function nodeRedisSource(library: NodeRedisLibrary, target: Target, random: Random): Source {
  const { place, username, password, db, tls } = target
  const address = place.kind === 'server' ? place.address : { path: (place as { path: string }).path }
  const socket = { ...address, ...nodeRedisTls(tls) }
  const client = library.createClient({
    username,
    password,
    database: db,
    ...nodeRedisRules(socket, random),
  })
  return new NodeRedisSource(client, random, true)
}

function ioredisSource(library: IoredisLibrary, target: Target, random: Random): Source {
  const { place, db, tls } = target
  const address = place.kind === 'server' ? place.address : { path: (place as { path: string }).path }
  const client = new library.Redis({
    ...address,
    ...ioredisAccess(target),
    db,
    ...(tls === false ? {} : { tls: tls === true ? {} : tls }),
    ...ioredisRules(random),
  })
  return new IoredisSource(client, random, true)
}

function ioredisAccess({ username, password }: Target): object {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}

function nodeRedisTls(tls: boolean | object): object {
  if (tls === false) return {}
  return { tls: true, ...(tls === true ? {} : tls) }
}
