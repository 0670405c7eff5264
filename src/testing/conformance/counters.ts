import assert from 'node:assert/strict'
import { lasts } from './real-time.ts'
import type { CaseDefinition } from './trial.ts'

/** Counters. */
export const counterCases: readonly CaseDefinition[] = [
  {
    name: 'counts from nothing, from a set number, up and down',
    async run({ cache }) {
      assert.equal(await cache.increment('new'), 1)
      await cache.set('visits', 0)
      assert.equal(await cache.increment('visits'), 1)
      assert.equal(await cache.increment('visits', 10), 11)
      assert.equal(await cache.decrement('visits', 12), -1)
      assert.equal(await cache.get('visits'), -1)
    },
  },
  {
    name: 'loses no increment of concurrent callers',
    async run({ cache }) {
      const counts = await Promise.all(Array.from({ length: 100 }, () => cache.increment('counter')))
      assert.deepEqual(
        counts.sort((a, b) => a! - b!),
        Array.from({ length: 100 }, (_, index) => index + 1),
      )
    },
  },
  {
    name: 'gives a counter its ttl when it is new and never prolongs it',
    async run({ cache, advance }) {
      await cache.increment('window', 1, '1m')
      await advance('40s')
      assert.equal(await cache.increment('window', 1, '1m'), 2)
      assert.equal(await cache.ttl('window'), 20)
      await advance('20s')
      assert.equal(await cache.increment('window', 1, '1m'), 1)
    },
    async inRealTime({ cache }) {
      await lasts(
        400,
        () => cache.increment('window', 1, '400ms'),
        async () => (await cache.increment('window', 1, '400ms')) === 1,
      )
    },
  },
  {
    name: 'ends a step of a counter at the floor or the ceiling that the call names',
    async run({ cache }) {
      assert.equal(await cache.increment('counter', 7, { max: 5 }), 5)
      assert.equal(await cache.increment('counter', 1, { max: 5 }), 5)
      assert.equal(await cache.increment('counter', 1, { max: 3 }), 5)
      assert.equal(await cache.decrement('counter', 7, { min: -1 }), -1)
      assert.equal(await cache.get('counter'), -1)
    },
  },
  {
    name: 'leaves alone what is no safe integer, and makes up no number',
    async run({ cache }) {
      for (const value of ['1', 1.5, null, { n: 1 }, Number.MAX_SAFE_INTEGER]) {
        await cache.set('key', value)
        await assert.rejects(cache.increment('key'), /no safe integer/)
        assert.deepEqual(await cache.get('key'), value)
      }
    },
  },
]
