import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryCache, type BaseCache } from '../../../src/index.ts'
import { requestScope } from '../../../src/scope/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'

type Step = (cache: BaseCache, value: number, later: (value: number) => Promise<number>) => Promise<unknown>

/** Calls that overlap if they are not waited for. */
const STEPS: Readonly<Record<string, Step>> = {
  get: (cache) => cache.get('k'),
  many: (cache) => cache.getMany(['k', 'other']),
  stale: (cache) => cache.get('k', { stale: true }),
  load: (cache, value, later) => cache.getOrSet('k', () => later(value)),
  patient: (cache, value, later) =>
    cache.getOrSet('k', () => later(value), { grace: 60, softTimeout: '5ms' }),
  loads: (cache, value, later) => cache.getOrSetMany(['k'], async () => ({ k: await later(value) })),
  refresh: (cache, value, later) => cache.refresh('k', () => later(value)),
  set: (cache, value) => cache.set('k', value, { ttl: 60, grace: 60, tags: ['t'] }),
  delete: (cache) => cache.delete('k'),
  ahead: (cache, value, later) => cache.getOrSet('k', () => later(value), { ttl: 60, refreshAhead: 0.0002 }),
  soften: (cache) => cache.invalidate('k', { keepStale: true }),
  tag: (cache) => cache.invalidateTag('t'),
  increment: (cache) => cache.increment('k'),
  inside: (cache, value) => cache.namespace('n', { mode: 'physical' }).set('k', value),
  clear: (cache) => cache.clear(),
}

// Nobody else changes anything, so that the scope must always answer as the cache does.
it('answers as the cache does, however its own calls overlap', async () => {
  const step = fc.record({
    name: fc.constantFrom(...Object.keys(STEPS)),
    waits: fc.boolean(),
    takesMs: fc.integer({ min: 0, max: 20 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      const clock = new FakeClock()
      const cache = new MemoryCache({ clock })
      const mine = requestScope(cache)
      const running: Promise<unknown>[] = []
      for (const [index, { name, waits, takesMs }] of steps.entries()) {
        const later = (value: number): Promise<number> =>
          new Promise((resolve) => {
            clock.set(() => resolve(value), takesMs)
          })
        running.push(STEPS[name]!(mine, index, later))
        await clock.advance(waits ? '40ms' : '1ms')
      }
      await clock.advance('100ms')
      await Promise.all(running)
      expect([await mine.get('k'), await mine.getMany(['n:k'])]).toEqual([
        await cache.get('k'),
        await cache.getMany(['n:k']),
      ])
    }),
    { numRuns: 500 },
  )
})
