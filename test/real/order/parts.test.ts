// A call may be sent in several parts. A later call of a key in a part that was not sent yet does not overtake it.
import { describe, expect, it, onTestFinished } from 'vitest'
import { ENGINES, openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startRedis } from '../servers/index.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const LARGE = 'x'.repeat(1_200_000)
const LARGE_KEYS = Array.from({ length: 12 }, (_, n) => `large${n}`)
const MANY_KEYS = Array.from({ length: 4_000 }, (_, n) => `many${n}`)
const LAST = MANY_KEYS.at(-1)!

describeWithServers('a call in several parts', () => {
  describe.each(ENGINES.flatMap((engine) => CLIENT_NAMES.map((client) => [engine, client] as const)))(
    '%s over %s',
    (engine, client) => {
      it('keeps its place', async () => {
        const server = await startRedis()
        onTestFinished(() => server.close())
        const opened = await openCache(engine, client, server.url, {
          prefix: 'app:',
          logger: new RecordingLogger(),
          deadline: { hard: 20 },
        })
        onTestFinished(() => opened[Symbol.asyncDispose]())
        const { cache } = opened
        for (const tags of [[], ['t1'], ['t2', 't3']]) {
          const set = cache.setMany(
            LARGE_KEYS.map((key) => [key, LARGE] as const),
            { tags },
          )
          const later = cache.set('large11', 'later')
          expect(await Promise.all([set, later])).toEqual([true, true])
          expect(await cache.get('large11')).toBe('later')
        }

        const first = cache.set(LAST, 'first', { tags: ['t4'] })
        const many = cache.setMany(MANY_KEYS.map((key) => [key, 'many'] as const))
        const removed = cache.delete(LAST)
        expect(await Promise.all([first, many, removed])).toEqual([true, true, true])
        expect(await cache.has(LAST)).toBe(false)

        await cache.set(LAST, 'kept')
        const read = cache.getMany(MANY_KEYS, engine === 'tiered' ? { skipRead: 'l1' } : {})
        const taken = cache.take(LAST)
        expect((await read).get(LAST)).toBe('kept')
        expect(await taken).toBe('kept')
      })
    },
  )
})
