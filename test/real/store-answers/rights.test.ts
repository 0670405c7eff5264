// The rights that docs/redis.md names for each feature are enough for it.
import { readFileSync } from 'node:fs'
import type { BaseCache } from 'cachette'
import { Lock } from 'cachette/lock'
import { RateLimiter } from 'cachette/ratelimit'
import { expect, it } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { ENGINES, openCache } from '../caches.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const docs = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8')
const rights = new Map<string, readonly string[]>()
for (const [, feature, commands] of docs
  .slice(docs.indexOf('## Rights'))
  .matchAll(/^\| ([^|`]*(?:`[^`]*`[^|`]*)*) \| (`.*`) \|$/gm))
  if (!rights.has(feature!))
    rights.set(
      feature!,
      [...commands!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace('\\|', '|')),
    )

const CONNECTION = 'every connection'
const ENTRIES = 'reading, setting, loading, removing'
const FOLLOWING = 'two tiers, tags, namespaces'

type Use = (cache: BaseCache) => Promise<void>

/** The uses of features, which show that the rights of a feature are enough. */
const FEATURES: Readonly<Record<string, Use>> = {
  [ENTRIES]: async (cache) => {
    expect(await cache.set('a', 1, { rowVersion: 1, grace: '1h', ttl: '1h' })).toBe(true)
    expect(await cache.setMany({ b: 2, c: 3 })).toBe(true)
    expect((await cache.getMany(['a', 'b', 'c'])).size).toBe(3)
    expect(await cache.getOrSet('d', () => 4)).toBe(4)
    expect(await cache.get('d')).toBe(4)
    expect(await cache.expire('a', '2h')).toBe(true)
    expect(await cache.expire('b', Infinity)).toBe(true)
    expect(await cache.take('a')).toBe(1)
    expect(await cache.delete('b')).toBe(true)
    expect((await cache.invalidate('c', { keepStale: true, rowVersion: 3 })).l2).toBe('acked')
  },
  counters: async (cache) => {
    expect(await cache.increment('n', 1, '1h')).toBe(1)
    expect(await cache.increment('n')).toBe(2)
  },
  [FOLLOWING]: async (cache) => {
    const users = cache.namespace<number>('user')
    expect(await users.set('a', 1, { tags: ['t'] })).toBe(true)
    expect(await users.get('a')).toBe(1)
    expect((await cache.invalidateTag('t')).l2).toBe('acked')
    expect(await users.get('a')).toBeUndefined()
    expect(await users.clear()).toBe(true)
  },
  '`keys`, `deleteByPrefix`, `clear` of a root cache': async (cache) => {
    await cache.set('x:1', 1)
    expect(await cache.deleteByPrefix('x:')).toBe(1)
    expect(await cache.clear()).toBe(true)
  },
  'rate limits': async (cache) => {
    for (const algorithm of ['fixed-window', 'sliding-window', 'gcra'] as const) {
      const limiter = new RateLimiter(cache, {
        name: algorithm,
        algorithm,
        limit: 2,
        window: '1h',
        whenUnavailable: 'deny',
      })
      expect((await limiter.consume('k')).allowed).toBe(true)
      await limiter.block('k', '1h')
      expect((await limiter.peek('k')).allowed).toBe(false)
      await limiter.reset('k')
    }
  },
  'locks, semaphores': async (cache) => {
    const held = await new Lock(cache, 'job', { ttl: '1m' }).acquire()
    await held.release()
  },
}

const CASES = ENGINES.flatMap((engine) =>
  (['node-redis 6', 'ioredis 5'] as const).flatMap((client) =>
    Object.keys(FEATURES).map((feature) => ({ engine, client, feature })),
  ),
)

describeWithServers('a user with the rights of one feature', () => {
  it.each(CASES)('can use it: $feature, $engine with $client', async ({ engine, client, feature }) => {
    await using server = await startRedis()
    const always = engine === 'tiered' ? [CONNECTION, ENTRIES, FOLLOWING] : [CONNECTION, ENTRIES]
    const commands = [...always, feature].flatMap((name) => rights.get(name)!)
    const rules = ['on', '>secret', '~acl:*', '&acl:!bus*', '-@all', ...commands.map((name) => `+${name}`)]
    await server.command('ACL', 'SETUSER', 'limited', ...rules)
    const logger = new RecordingLogger()
    const url = server.urlOf({ username: 'limited', password: 'secret' })
    await using opened = await openCache(engine, client, url, { prefix: 'acl:', logger })
    await FEATURES[feature]!(opened.cache)
    expect(opened.cache.stats().errors).toBe(0)
    expect(logger.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    const log = (await server.command('ACL', 'LOG')) as unknown[][]
    // The question for the version names a key that no user has.
    const denied = log.map((entry) => String(entry[entry.indexOf('object') + 1]))
    expect(denied.filter((name) => !/^(?:config|info|auth|client\|setinfo|cachette$)/i.test(name))).toEqual(
      [],
    )
  })
})

describeWithServers('limits and locks on a server that evicts', () => {
  const uses: Readonly<Record<string, Use>> = {
    limits: async (cache) => {
      await new RateLimiter(cache, { name: 'api', limit: 5, window: '1h' }).consume('k')
    },
    locks: async (cache) => {
      await (await new Lock(cache, 'job', { ttl: '1m' }).acquire()).release()
    },
    nothing: async (cache) => {
      await cache.set('a', 1)
    },
  }
  const cases = ENGINES.flatMap((engine) =>
    ['allkeys-lru', 'volatile-ttl', 'noeviction'].flatMap((policy) =>
      Object.keys(uses).map((use) => ({ engine, policy, use })),
    ),
  )
  it.each(cases)('warn once, $engine with $policy, $use', async ({ engine, policy, use }) => {
    await using server = await startRedis({ config: [`maxmemory-policy ${policy}`] })
    const logger = new RecordingLogger()
    await using opened = await openCache(engine, 'node-redis 6', server.url, { prefix: 'evicts:', logger })
    await uses[use]!(opened.cache)
    await uses[use]!(opened.cache)
    // All earlier questions have been answered before this one.
    await opened.cache.set('after', 1)
    await opened.cache.get('after')
    const said = logger.lines.filter(({ message }) => message.includes('maxmemory-policy'))
    expect(said.length).toBe(policy === 'noeviction' || use === 'nothing' ? 0 : 1)
  })
})

describeWithServers('a user without the right to read', () => {
  it.each(ENGINES)('acknowledges no change of which nobody would hear: %s', async (engine) => {
    await using server = await startRedis()
    const user = 'writer'
    await server.command(
      'ACL',
      'SETUSER',
      user,
      'on',
      '>secret',
      '~app:*',
      '&app:*',
      '+@all',
      '-get',
      '-mget',
    )
    await using reader = await openCache('tiered', 'node-redis 6', server.url, { prefix: 'app:' })
    await reader.cache.set('key', 'old', { tags: ['tag'] })
    await until('a copy', async () => (await reader.cache.get('key', { result: 'full' })).tier === 'l1')
    const names = ['app:!sequence:0', 'app:!sequence:!tags', 'app:!tag:tag']
    const before = await server.command('MGET', ...names)

    const logger = new RecordingLogger()
    await using writer = await openCache(
      engine,
      'ioredis 5',
      server.urlOf({ username: user, password: 'secret' }),
      {
        prefix: 'app:',
        logger,
        wait: false,
      },
    )
    await until('an answer of the server', async () => (await writer.cache.health()).connected)
    expect(await writer.cache.invalidate('key')).toMatchObject({ l2: 'queued' })
    expect(await writer.cache.invalidateTag('tag')).toMatchObject({ l2: 'queued' })
    expect(await writer.cache.set('other', 1, { tags: ['tag'] })).toBe(false)
    expect(await server.command('MGET', ...names)).toEqual(before)

    await server.command('ACL', 'SETUSER', user, '+@all')
    expect(await writer.cache.invalidate('key')).toMatchObject({ l2: 'acked' })
    await until('the news', async () => (await reader.cache.get('key')) === undefined)
  })
})
