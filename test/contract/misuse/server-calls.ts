// The calls for which a client of a server is needed.
import { createCache, type CacheOptions } from 'cachette'
import { RedisCache, type RedisCacheOptions } from 'cachette/redis'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { REDIS_CACHE_OPTIONS } from '../../../src/redis/redis-options.ts'
import type { UsersClient } from '../../../src/redis/connection/users-client.ts'
import { none, type Arguments } from './arguments.ts'
import type { Call } from './cache-calls.ts'

// A client knows where it connects to.
const CONNECTION: ReadonlySet<string> = new Set([
  'url',
  'host',
  'port',
  'username',
  'password',
  'credentials',
  'db',
  'tls',
  'connect',
])

function optionsOver(client: UsersClient, args: Arguments): RedisCacheOptions {
  const names = REDIS_CACHE_OPTIONS.filter((name) => !CONNECTION.has(name))
  return args.options('options', {
    ...none<object>(names),
    logger: silentLogger,
    staleness: args.options('options.staleness', none(['policy', 'maxLag', 'maxStale', 'heartbeat'])),
    outage: args.options('options.outage', none(['outbox', 'journal'])),
    deadline: args.options('options.deadline', none(['hard', 'bytesPerSecond'])),
    client: client,
  })
}

/** Calls by name, as `CACHE_CALLS`, over a client of the user's. */
export function serverCalls(client: UsersClient): Readonly<Record<string, Call>> {
  return {
    'new RedisCache': (_, args) => new RedisCache(optionsOver(client, args)),
    'RedisCache.create': (_, args) => RedisCache.create(optionsOver(client, args)),
    'createCache: a client': (_, args) =>
      createCache({
        ...({ logger: silentLogger } as CacheOptions),
        redis: args.at('redis', args.at('client', client)),
        l1: args.options('l1', none(['maxEntries', 'maxWeight', 'maxEntryWeight', 'weigher', 'ttl'])),
      }),
  }
}
