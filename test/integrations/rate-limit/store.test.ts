// The stores beside the memory stores of the packages that they are for.
import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { rateLimitStore } from 'cachette/express'
import { rateLimitStore as fastifyStore } from 'cachette/fastify'
import type { rateLimitStore as honoStore } from 'cachette/hono'
import { FakeClock } from 'cachette/testing'
import { MemoryStore, type Store } from 'express-rate-limit'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { Store as HonoStore } from 'hono-rate-limiter'
import { onEachEngine } from '../caches.ts'

const WINDOW_MS = 60_000
const KEYS = ['203.0.113.7', '2001:db8::/64', '', '!', '%', 'x'.repeat(4000), '\uD800']

describe('rateLimitStore', () => {
  it('fits the packages without a cast', () => {
    expectTypeOf<ReturnType<typeof rateLimitStore>>().toExtend<Store>()
    expectTypeOf<ReturnType<typeof honoStore>>().toExtend<HonoStore>()
    expectTypeOf<ReturnType<typeof fastifyStore>>().toExtend<FastifyRateLimitStoreCtor>()
  })

  for (const [host, make] of [
    ['Express and Hono', rateLimitStore],
    ['Fastify', fastifyStore],
  ] as const) {
    it.each([
      [undefined, { name: 'a' }, 'rateLimitStore: cache: undefined is not a cache'],
      [new MemoryCache(), {}, 'rateLimitStore: name: undefined is not a name'],
      [new MemoryCache(), { name: 'a b' }, "rateLimitStore: name: 'a b' is not a name"],
      [new MemoryCache(), { name: 'a', limit: 5 }, "unknown option 'limit'; accepted: name, whenUnavailable"],
      [new MemoryCache(), { name: 'a', whenUnavailable: 'no' }, "whenUnavailable: 'no' is not one of"],
    ])(`refuses wrong arguments of ${host}: %s %s`, (cache, options, words) => {
      expect(() => make(cache as BaseCache, options as { name: string })).toThrow(OptionsError)
      expect(() => make(cache as BaseCache, options as { name: string })).toThrow(words)
    })
  }

  describe('beside the memory store of express-rate-limit', () => {
    let clock: FakeClock
    beforeEach(() => {
      clock = new FakeClock()
      vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: clock.wallNow() })
    })
    afterEach(() => {
      vi.useRealTimers()
    })

    it('counts alike over 2,000 random steps in time', async () => {
      const theirs = new MemoryStore()
      const ours = rateLimitStore(new MemoryCache({ clock }), { name: 'differential' })
      theirs.init({ windowMs: WINDOW_MS } as Parameters<MemoryStore['init']>[0])
      ours.init({ windowMs: WINDOW_MS })
      let seed = 7
      const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
      const expected: unknown[] = []
      const counted: unknown[] = []
      for (let step = 0; step < 2000; step++) {
        const key = KEYS[random(3)]!
        const what = random(10)
        if (what < 5) {
          const { totalHits, resetTime } = await theirs.increment(key)
          expected.push({ totalHits, resetTime: new Date(resetTime!) })
          counted.push(await ours.increment(key))
        } else if (what < 7) {
          // The host takes back only what it has counted.
          if (((await theirs.get(key))?.totalHits ?? 0) > 0) await theirs.decrement(key)
          await ours.decrement(key)
        } else if (what === 7) {
          await theirs.resetKey(key)
          await ours.resetKey(key)
        } else {
          const ms = random(25_000)
          await clock.advance({ milliseconds: ms })
          vi.setSystemTime(clock.wallNow())
        }
        const [their, our] = [await theirs.get(key), await ours.get(key)]
        expect([step, our?.totalHits ?? 0]).toEqual([step, their?.totalHits ?? 0])
      }
      expect(counted).toEqual(expected)
    })
  })

  onEachEngine(({ make }) => {
    it('counts alike on each engine, whatever the keys are', async () => {
      const theirs = new MemoryStore()
      theirs.init({ windowMs: WINDOW_MS } as Parameters<MemoryStore['init']>[0])
      const ours = rateLimitStore(await make(), { name: 'same' })
      ours.init({ windowMs: WINDOW_MS })
      for (let round = 0; round < 3; round++) {
        for (const key of KEYS) {
          expect((await ours.increment(key)).totalHits).toBe((await theirs.increment(key)).totalHits)
          expect((await ours.get(key))?.totalHits).toBe((await theirs.get(key))?.totalHits)
        }
        for (const key of KEYS.slice(0, 2)) {
          for (let n = 0; n < round * 2; n++) {
            await ours.decrement(key)
            await theirs.decrement(key)
          }
          expect((await ours.get(key))?.totalHits ?? 0).toBe((await theirs.get(key))?.totalHits)
        }
      }
      theirs.shutdown()
      const { resetTime } = await ours.increment('a')
      expect(resetTime.getTime() - Date.now()).toBeGreaterThan(WINDOW_MS - 10_000)
      expect(resetTime.getTime() - Date.now()).toBeLessThanOrEqual(WINDOW_MS + 100)
    })

    it('takes back no more than it has counted, however many answers come at a time', async () => {
      const ours = rateLimitStore(await make(), { name: 'back' })
      ours.init({ windowMs: WINDOW_MS })
      await ours.increment('a')
      // The others were counted in a window that is over.
      await Promise.all(Array.from({ length: 10 }, async () => ours.decrement('a')))
      const counts: number[] = []
      for (let hit = 0; hit < 3; hit++) counts.push((await ours.increment('a')).totalHits)
      expect(counts).toEqual([1, 2, 3])
    })

    it('counts many requests of a moment exactly', async () => {
      const ours = rateLimitStore(await make(), { name: 'many' })
      ours.init({ windowMs: WINDOW_MS })
      const all = await Promise.all(Array.from({ length: 200 }, async () => ours.increment('a')))
      expect(all.map(({ totalHits }) => totalHits).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 200 }, (_, index) => index + 1),
      )
    })
  })
})
