// A call is judged by the tags of its own moment: no invalidation that this node begins later counts for it.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BaseCache } from 'cachette'
import { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { ENGINES, openCache, type Engine, type OpenCache } from '../caches.ts'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import { following } from '../order/rounds.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'

const SILENT = { warn: () => undefined, error: () => undefined }

type Ask = (cache: BaseCache) => Promise<unknown>

const CALLS: readonly (readonly [name: string, call: Ask, answer: unknown])[] = [
  ['get', async (cache) => cache.get('k'), 5],
  ['getMany', async (cache) => [...(await cache.getMany(['k'])).values()], [5]],
  ['getOrSet', async (cache) => cache.getOrSet('k', () => 'loaded'), 5],
  ['has', async (cache) => cache.has('k'), true],
  ['ttl', async (cache) => ((await cache.ttl('k')) ?? 0) > 3_000, true],
  ['expire', async (cache) => cache.expire('k', 100), true],
  ['increment', async (cache) => cache.increment('k'), 6],
  ['take', async (cache) => cache.take('k'), 5],
  ['delete', async (cache) => cache.delete('k'), true],
  ['deleteMany', async (cache) => cache.deleteMany(['k']), 1],
]

async function open(engine: Engine, client: ClientName, url: string): Promise<OpenCache> {
  // A busy machine is no fault of the server.
  const deadline = { hard: 20 }
  const opened = await openCache(engine, client, url, { prefix: 'app:', ttl: '1h', logger: SILENT, deadline })
  await following(opened.cache, engine === 'tiered')
  return opened
}

describeWithServers('a call before an invalidation of the same node', () => {
  afterEach(() => void vi.restoreAllMocks())

  describe.each(ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const)))(
    '%s over %s',
    (engine, client) => {
      it('sees an entry with tags that this node does not know', async () => {
        await using server = await startRedis()
        await using writer = await open(engine, client, server.url)
        await using opened = await open(engine, client, server.url)
        const calls: Promise<unknown>[] = []
        for (const way of ['clear', 'tag'] as const) {
          for (const [name, call] of CALLS) {
            const filled = writer.cache.namespace(`${name}-${way}`)
            expect(await filled.set('k', 5, { tags: [name, way] })).toBe(true)
            const namespace = opened.cache.namespace(`${name}-${way}`)
            const called = call(namespace)
            calls.push(called.then((answer) => [name, way, answer]))
            await (way === 'clear' ? namespace.clear() : namespace.invalidateTag(name))
          }
        }
        const expected = (['clear', 'tag'] as const).flatMap((way) =>
          CALLS.map(([name, , answer]) => [name, way, answer]),
        )
        expect(await Promise.all(calls)).toEqual(expected)
      })

      it('sees an entry while the generation of another tag of it is being read', async () => {
        await using server = await startRedis()
        await using writer = await open(engine, client, server.url)
        await using opened = await open(engine, client, server.url)
        const answers: unknown[] = []
        for (const [name, call] of CALLS) {
          const filled = writer.cache.namespace(name)
          await filled.setMany([
            ['k', 5, { tags: [name] }],
            ['other', 1],
          ])
          const namespace = opened.cache.namespace(name)
          expect(await namespace.get('other')).toBe(1)
          const cleared: Promise<boolean>[] = []
          const { generations } = RedisStore.prototype
          const asking = vi.spyOn(RedisStore.prototype, 'generations').mockImplementation(function (
            this: RedisStore,
            ...args
          ) {
            const answer = generations.apply(this, args)
            if (cleared.length === 0) cleared.push(namespace.clear())
            return answer
          })
          answers.push([name, await call(namespace)])
          asking.mockRestore()
          expect(await Promise.all(cleared)).toEqual([true])
        }
        expect(answers).toEqual(CALLS.map(([name, , answer]) => [name, answer]))
      })
    },
  )
})
