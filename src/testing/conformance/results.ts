import assert from 'node:assert/strict'
import type { CaseDefinition } from './trial.ts'

const FULL = { result: 'full' } as const
const STALE_TOO = { result: 'full', stale: true } as const
const HOUR_MS = 3_600_000

/** Reads that tell more than the value. */
export const resultCases: readonly CaseDefinition[] = [
  {
    name: 'tells whether a value is fresh, for how long, and how old it is',
    async run({ cache, advance, isRealTime, left }) {
      const users = cache.namespace('user', { ttl: '1h', grace: '1h' })
      assert.deepEqual(await users.get('1', FULL), { value: undefined, status: 'miss' })
      await users.set('1', { id: 1 })
      if (!isRealTime) await advance('10m')
      const { remainingMs, ageMs, tier, ...rest } = await users.get('1', FULL)
      assert.deepEqual(rest, { value: { id: 1 }, status: 'fresh' })
      left(remainingMs! / 1_000, isRealTime ? 3_600 : 3_000)
      assert.equal(Math.round(remainingMs! + ageMs!), HOUR_MS)
      assert.ok(tier === 'l1' || tier === 'l2', tier)
    },
  },
  {
    name: 'tells that a value is stale if the reader takes it',
    async run({ cache, isRealTime }) {
      await cache.set('key', null, { ttl: '1h', grace: '1h' })
      await cache.invalidate('key', { keepStale: true })
      assert.deepEqual(await cache.get('key', FULL), { value: undefined, status: 'miss' })
      const { remainingMs, tier, ...rest } = await cache.get('key', STALE_TOO)
      // Without a default ttl the age is unknown.
      assert.deepEqual(rest, { value: null, status: 'stale' })
      assert.ok(remainingMs! <= 0 && (isRealTime || remainingMs === 0), String(remainingMs))
      assert.ok(tier !== undefined)
    },
  },
  {
    name: 'counts a read that tells more as any other',
    async run({ cache }) {
      await cache.set('key', 1, { ttl: '1h', grace: '1h' })
      const since = cache.stats()
      await cache.get('key', FULL)
      await cache.get('absent', FULL)
      await cache.invalidate('key', { keepStale: true })
      await cache.get('key', STALE_TOO)
      const { hits, misses, staleServed } = cache.stats({ since })
      assert.deepEqual({ hits, misses, asked: staleServed.asked }, { hits: 1, misses: 2, asked: 1 })
    },
  },
  {
    name: 'tells a value without a ttl as fresh for ever',
    async run({ cache }) {
      await cache.set('key', 'kept')
      const { tier: _, ...rest } = await cache.get('key', FULL)
      assert.deepEqual(rest, { value: 'kept', status: 'fresh', remainingMs: Infinity })
      assert.equal(await cache.get('key', { result: 'value' }), 'kept')
      await assert.rejects(Reflect.apply(cache.get, cache, ['key', { result: 'all' }]), {
        code: 'ERR_CACHE_OPTIONS',
      })
    },
  },
]
