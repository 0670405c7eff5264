import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { storeFrom, type Slot, type Store } from '../../../src/index.ts'
import { BoundedMap } from '../../../src/memory/bounded-map.ts'
import { MemoryStore } from '../../../src/memory/memory-store.ts'
import { valueKeeper } from '../../../src/serialization/isolation.ts'
import { plans, play, withOverrides } from './world.ts'

type Step = (label: string) => Promise<void>
type MakeStore = (step: Step) => Store

const memory: MakeStore = () => new MemoryStore(new BoundedMap(), valueKeeper({}))

// An engine whose every primitive takes its time, as a server does: the scheduler decides how long.
const slowEngine: MakeStore = (step) => {
  const map = new Map<string, Slot>()
  return storeFrom({
    read: async (key) => {
      await step('read')
      const slot = map.get(key)
      await step('read answer')
      return slot
    },
    write: async (key, slot) => {
      await step('write')
      map.set(key, slot)
      await step('write answer')
    },
    remove: async (key) => {
      await step('remove')
      return map.delete(key)
    },
    keys: () => map.keys(),
  })
}

const withoutLeaseCheck =
  (make: MakeStore): MakeStore =>
  (step) => {
    const store = make(step)
    return withOverrides(store, {
      fill: async (fills) => {
        const writes = fills.map(({ lease, stored, ttlMs }) => ({
          kind: 'set' as const,
          key: lease.key,
          stored,
          ttlMs,
          tags: lease.tags,
        }))
        return (await store.write(writes)).map((result) => result.ok)
      },
    })
  }

const withoutDetachRule =
  (make: MakeStore): MakeStore =>
  (step) =>
    withOverrides(make(step), { joinable: () => true })

// Every caller loads by himself, and each of them may store.
const withoutSingleFlight =
  (make: MakeStore): MakeStore =>
  (step) => {
    const store = make(step)
    return withOverrides(store, {
      joinable: () => false,
      acquire: (leases) => store.acquire(leases, { force: true, freshUpToMs: Infinity }),
    })
  }

// An entry and a load remember the invalidations up to their beginning; without that, up to their end.
const withoutBeginnings =
  (make: MakeStore): MakeStore =>
  (step) => {
    const store = make(step)
    return withOverrides(store, {
      // The lease of a load that a tag has killed is replaced by a new one, as if the load had just begun.
      fill: async (fills) => {
        const renewed = fills.map((fill) => ({ ...fill, lease: store.open(fill.lease.key, fill.lease) }))
        const leases = fills.map(({ lease }, index) => (lease.dead ? renewed[index]!.lease : lease))
        await store.acquire(leases.filter((lease, index) => lease !== fills[index]!.lease))
        return store.fill(fills.map((fill, index) => ({ ...fill, lease: leases[index]! })))
      },
    })
  }

const withoutGenerations =
  (make: MakeStore): MakeStore =>
  (step) =>
    withOverrides(make(step), {
      invalidate: async () => ({ l1: 'acked', l2: 'none', token: '', removed: 0 }),
    })

function schedules(make: MakeStore, numRuns: number): Promise<fc.RunDetails<[fc.Scheduler, unknown]>> {
  const property = fc.asyncProperty(fc.scheduler(), plans, async (scheduler, planned) => {
    const world = await play(scheduler, planned, make)
    expect(world.violations).toEqual([])
    // Between two invalidations at most one load: each mutation may make one more necessary, and so may a refresh, whose
    // own it is, and whose lease may be that of another load.
    expect(world.loads).toBeLessThanOrEqual(1 + world.mutations + 2 * world.refreshes)
  })
  return Promise.resolve(fc.check(property, { numRuns })) as Promise<fc.RunDetails<[fc.Scheduler, unknown]>>
}

describe.each([
  { engine: 'memory', make: memory, runs: 20_000 },
  { engine: 'a slow engine', make: slowEngine, runs: 20_000 },
])('concurrent operations on one key of $engine', ({ engine, make, runs }) => {
  test(`show no stale value and no superfluous load in ${runs} schedules`, { timeout: 300_000 }, async () => {
    const details = await schedules(make, runs)
    console.log(`${engine}: ${details.numRuns} schedules, seed ${details.seed}`)
    expect(details.failed, fc.defaultReportMessage(details)).toBe(false)
    expect(details.numRuns).toBe(runs)
  })

  test('go wrong when fills are not checked against their lease', { timeout: 300_000 }, async () => {
    expect((await schedules(withoutLeaseCheck(make), 20_000)).failed).toBe(true)
  })

  test('go wrong when every caller loads by himself', { timeout: 300_000 }, async () => {
    expect((await schedules(withoutSingleFlight(make), 20_000)).failed).toBe(true)
  })

  test('go wrong when a load is taken to begin with its fill', { timeout: 300_000 }, async () => {
    expect((await schedules(withoutBeginnings(make), 20_000)).failed).toBe(true)
  })

  test('go wrong when an invalidation leaves the generations as they are', { timeout: 300_000 }, async () => {
    expect((await schedules(withoutGenerations(make), 20_000)).failed).toBe(true)
  })

  test('go wrong when a caller may join a load that began before a write', { timeout: 300_000 }, async () => {
    expect((await schedules(withoutDetachRule(make), 20_000)).failed).toBe(true)
  })
})
