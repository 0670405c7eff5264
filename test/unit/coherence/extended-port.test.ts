import { beforeEach, describe, expect, it } from 'vitest'
import { storeOf } from '../../../src/cache/stores.ts'
import type { CoherentStore } from '../../../src/coherence/coherent-store.ts'
import type { EntrySettings, Lease, Store, Stored } from '../../../src/core/store.ts'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'

const GRACE = { ttlMs: 10_000, graceMs: 60_000 }
const STALE = { stale: true }

describe.each(['tiered', 'shared'] as const)('a %s store', (kind) => {
  let clock: FakeClock
  let fleet: InstantFleet
  let a: CoherentStore
  let b: CoherentStore

  const make = (): CoherentStore => {
    const l2 = fleet.sharedCache({ clock })
    const cache =
      kind === 'shared'
        ? l2
        : new TieredCache({ l1: new MemoryCache({ clock }), l2, bus: fleet.bus, clock, random: Math.random })
    return storeOf(cache) as CoherentStore
  }
  const form = (store: Store, value: unknown): Stored => store.admit(value).stored!
  const set = async (store: Store, value: unknown, entry: EntrySettings, key = 'key') =>
    (await store.write([{ kind: 'set', key, stored: form(store, value), ...entry }]))[0]!
  const get = async (store: Store, reading = {}, key = 'key'): Promise<unknown> => {
    const stored = await store.get(key, reading)
    return stored === undefined ? undefined : store.view(stored)
  }
  const find = async (store: Store, reading = {}, key = 'key') => {
    const found = (await store.read([key], reading)).get(key)
    return found && { value: store.view(found.stored), remainingMs: found.remainingMs }
  }
  const take = async (store: Store, options = {}, key = 'key', reading = {}) => {
    const lease = store.open(key, { tags: [], ...reading })
    const [answer] = await store.acquire([lease], options)
    return { lease, answer }
  }
  const fill = async (store: Store, lease: Lease, value: unknown, entry: EntrySettings) => {
    const fills = [{ lease, stored: form(store, value), ...entry }]
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a store fills no array
    const [accepted] = await store.fill(fills)
    return accepted
  }

  beforeEach(async () => {
    clock = new FakeClock()
    fleet = new InstantFleet(clock)
    a = make()
    b = make()
    await clock.advance('10ms')
  })

  describe('with grace', () => {
    it('gives what is stale to those who take it, and tells how long it has been', async () => {
      await set(a, 'old', GRACE)
      expect(await find(a)).toEqual({ value: 'old', remainingMs: 10_000 })
      await clock.advance('15s')

      for (const store of [a, b]) {
        expect(await get(store)).toBeUndefined()
        expect(await find(store)).toBeUndefined()
        expect(await find(store, STALE)).toEqual({ value: 'old', remainingMs: -5_000 })
      }
    })

    it('has nothing left after it', async () => {
      await set(a, 'old', GRACE)
      await clock.advance('71s')

      expect(await find(a, STALE)).toBeUndefined()
    })

    it('grants a lease on what is stale, and none on what is fresh', async () => {
      await set(a, 'old', GRACE)
      expect((await take(b)).answer).toMatchObject({ remainingMs: 10_000 })
      await clock.advance('15s')
      expect((await take(b)).answer).toBe('granted')
    })

    it('makes stale by keepStale what has grace, and removes what has none', async () => {
      await set(a, 'old', GRACE)
      await set(a, 'plain', { ttlMs: 10_000 }, 'plain')
      await get(b)
      await b.invalidate(['key', 'plain'], [], { keepStale: true })

      for (const store of [a, b]) {
        expect(await get(store)).toBeUndefined()
        expect(await find(store, STALE)).toEqual({ value: 'old', remainingMs: 0 })
        expect(await find(store, STALE, 'plain')).toBeUndefined()
      }
    })

    it('does not make fresh again by expire what is stale', async () => {
      await set(a, 'old', GRACE)
      await a.invalidate(['key'], [], { keepStale: true })

      expect(await a.write([{ kind: 'expire', key: 'key', ttlMs: 60_000 }])).toMatchObject([{ ok: false }])
      expect(await get(b)).toBeUndefined()
      expect(await find(b, STALE)).toEqual({ value: 'old', remainingMs: 0 })
    })

    it('takes, counts on and scans only what is fresh', async () => {
      await set(a, 5, GRACE)
      await a.invalidate(['key'], [], { keepStale: true })

      expect(await a.write([{ kind: 'take', key: 'key' }])).toMatchObject([{ ok: false }])
      await set(a, 5, GRACE)
      await a.invalidate(['key'], [], { keepStale: true })
      expect(await a.write([{ kind: 'increment', key: 'key', by: 1, ttlMs: 1_000 }])).toMatchObject([
        { ok: true, number: 1 },
      ])
    })
  })

  describe('with tags', () => {
    const TAGGED = { ...GRACE, tags: ['t'] }

    it('makes stale by keepStale what bears the tag, on every node', async () => {
      await set(a, 'old', TAGGED)
      await set(a, 'bare', { ttlMs: 10_000, tags: ['t'] }, 'bare')
      expect(await get(b)).toBe('old')
      await a.invalidate([], ['t'], { keepStale: true })

      for (const store of [a, b]) {
        expect(await get(store)).toBeUndefined()
        expect((await find(store, STALE))?.value).toBe('old')
        expect((await find(store, STALE))!.remainingMs).toBeLessThanOrEqual(0)
        expect(await find(store, STALE, 'bare')).toBeUndefined()
      }
      expect((await take(b, {}, 'key', { tags: ['t'] })).answer).toBe('granted')
    })

    it('takes what bears it for gone once the tag is invalidated for good', async () => {
      await set(a, 'old', TAGGED)
      await a.invalidate([], ['t'], { keepStale: true })
      await a.invalidate([], ['t'])

      for (const store of [a, b]) expect(await find(store, STALE)).toBeUndefined()
    })

    it('stores anew what was made stale', async () => {
      await set(a, 'old', TAGGED)
      await a.invalidate([], ['t'], { keepStale: true })
      const { lease } = await take(b, {}, 'key', { tags: ['t'] })

      expect(await fill(b, lease, 'new', TAGGED)).toBe(true)
      expect(await get(a)).toBe('new')
      expect(await get(b)).toBe('new')
    })

    it('serves as stale what bears a tag whose soft invalidation is queued', async () => {
      await set(a, 'old', TAGGED)
      await get(a)
      fleet.isAway = true
      expect(await a.invalidate([], ['t'], { keepStale: true })).toMatchObject({ l2: 'queued' })
      fleet.isAway = false

      expect(await get(a)).toBeUndefined()
      expect((await find(a, STALE))?.value).toBe('old')
      await clock.advance('2s')
      expect(a.isTagQueued('t')).toBe(false)
      expect(await get(b)).toBeUndefined()
      expect((await find(b, STALE))?.value).toBe('old')
    })

    // A node that has not followed tags yet can't tell: it stores nothing, and follows from then on.
    const follow = async (): Promise<void> => {
      await set(a, 'any', { ttlMs: 1_000, tags: ['t', 'u'] }, 'other')
      await clock.advance('100ms')
    }

    it('stores with the tags that the loader named, if they are as they were when it began', async () => {
      await follow()
      const { lease } = await take(a)
      expect(await fill(a, lease, 'new', { ttlMs: 10_000, tags: ['t'] })).toBe(true)
      expect(await get(b)).toBe('new')
      await b.invalidate([], ['t'])
      for (const store of [a, b]) expect(await get(store)).toBeUndefined()
    })

    it('stores nothing with a tag named by the loader that was invalidated during the load', async () => {
      await follow()
      for (const invalidator of [a, b]) {
        const { lease } = await take(a)
        await invalidator.invalidate([], ['u'])
        expect(await fill(a, lease, 'old', { ttlMs: 10_000, tags: ['t', 'u'] })).toBe(false)
        expect(await get(a)).toBeUndefined()
        expect((await take(b)).answer).toBe('granted')
        await b.invalidate(['key'], [])
      }
    })
  })

  describe('with row versions', () => {
    const version = (rowVersion: bigint): EntrySettings => ({ ttlMs: 10_000, rowVersion })

    it('refuses what is older than what is there, which is no failure', async () => {
      expect(await set(a, 'v5', version(5n))).toMatchObject({ ok: true })
      expect(await set(b, 'v4', version(4n))).toMatchObject({ ok: false, outdated: true })
      expect(await set(b, 'v5 again', version(5n))).toMatchObject({ ok: true })
      expect(await get(a)).toBe('v5 again')
      expect(b.pending.outbox).toBe(0)
    })

    it('compares all 64 bits', async () => {
      const highest = 2n ** 64n - 1n
      await set(a, 'highest', version(highest))
      expect(await set(a, 'lower', version(highest - 1n))).toMatchObject({ outdated: true })
      expect(await set(a, 'low half', version(0xffff_ffffn))).toMatchObject({ outdated: true })
    })

    it('leaves a floor of a minute where it invalidates, and spares what is newer', async () => {
      await set(a, 'v5', version(5n))
      expect(await b.invalidate(['key'], [], { rowVersion: 4n })).toMatchObject({ removed: 0, l2: 'acked' })
      expect(await get(a)).toBe('v5')
      await b.invalidate(['key'], [], { rowVersion: 7n })
      expect(await get(a)).toBeUndefined()
      expect(await set(a, 'v6', version(6n))).toMatchObject({ outdated: true })
      const { lease } = await take(a)
      expect(await fill(a, lease, 'v6', version(6n))).toBe('outdated')
      await clock.advance('61s')
      expect(await set(a, 'v6', version(6n))).toMatchObject({ ok: true })
    })

    it('forgets it with a set that has none', async () => {
      await a.invalidate(['key'], [], { rowVersion: 7n })
      expect(await set(a, 'plain', { ttlMs: 10_000 })).toMatchObject({ ok: true })
      expect(await set(a, 'v1', version(1n))).toMatchObject({ ok: true })
    })

    it('keeps the highest one of what waits in the outbox, and its floor', async () => {
      await set(b, 'v3', version(3n))
      fleet.isAway = true
      await expect(set(a, 'v9', version(9n))).rejects.toThrow('away')
      await expect(set(a, 'v8', version(8n))).rejects.toThrow('away')
      fleet.isAway = false
      // What is stored meanwhile does not make up for it, for it is older.
      expect(await set(a, 'v4', version(4n))).toMatchObject({ ok: true })
      expect(await get(a)).toBeUndefined()
      await clock.advance('2s')

      expect(a.pending.outbox).toBe(0)
      expect(await get(b)).toBeUndefined()
      expect(await set(b, 'v8', version(8n))).toMatchObject({ outdated: true })
    })

    it('spares what is newer than all that waits in the outbox', async () => {
      fleet.isAway = true
      await expect(set(a, 'v9', version(9n))).rejects.toThrow('away')
      fleet.isAway = false
      await set(b, 'v10', version(10n))
      await clock.advance('2s')

      for (const store of [a, b]) expect(await get(store)).toBe('v10')
    })

    it('removes whatever is there for an invalidation without one that waits beside one with one', async () => {
      fleet.isAway = true
      await expect(set(a, 'v2', version(2n))).rejects.toThrow('away')
      await a.invalidate(['key'], [])
      fleet.isAway = false
      await set(b, 'v10', version(10n))
      await clock.advance('2s')

      expect(await get(b)).toBeUndefined()
    })
  })

  describe('with leases', () => {
    it('answers the message of a cool-down to those who ask for the lease, until it ends', async () => {
      const { lease } = await take(a)
      await a.release([lease], { cooldown: 'the database is down', forMs: 5_000 })

      expect((await take(b)).answer).toEqual({ cooldown: 'the database is down' })
      await clock.advance('6s')
      expect((await take(b)).answer).toBe('granted')
    })

    it.each([
      ['a set', 'an entry'],
      ['force', 'granted'],
    ])('ends a cool-down by %s', async (end, expected) => {
      const { lease } = await take(a)
      await a.release([lease], { cooldown: 'no', forMs: 5_000 })
      if (end === 'a set') await set(b, 'value', { ttlMs: 1_000 })

      const { answer } = await take(b, { force: end === 'force' })
      expect(typeof answer === 'object' && 'stored' in answer ? 'an entry' : answer).toBe(expected)
    })

    it('takes the lease from its holder by force, and refuses the fill of that one', async () => {
      const first = await take(a)
      expect((await take(b)).answer).toBe('busy')
      const second = await take(b, { force: true })

      expect(second.answer).toBe('granted')
      expect(await fill(a, first.lease, 'first', { ttlMs: 1_000 })).toBe(false)
      expect(await fill(b, second.lease, 'second', { ttlMs: 1_000 })).toBe(true)
      expect(await get(a)).toBe('second')
    })

    it('takes for nothing what is not fresh for long enough', async () => {
      await set(a, 'value', { ttlMs: 10_000 })
      expect((await take(b, { freshUpToMs: 2_000 })).answer).toMatchObject({ remainingMs: 10_000 })
      await clock.advance('9s')
      expect((await take(b, { freshUpToMs: 2_000 })).answer).toBe('granted')
      await set(a, 'for ever', { ttlMs: Infinity })
      expect((await take(b, { freshUpToMs: Infinity })).answer).toBe('granted')
    })

    it('holds a lease for no longer than it is told to', async () => {
      const { lease } = await take(a, { longestMs: 6_000 })
      await clock.advance('4s')
      expect((await take(b)).answer).toBe('busy')
      await clock.advance('10s')
      expect(lease.dead).toBe(true)
      expect((await take(b)).answer).toBe('granted')
    })
  })
})
