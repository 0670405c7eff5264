import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryCache, silentLogger, type Explanation } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'

const states = ({ outcome, servedBy, tiers }: Explanation) => ({
  outcome,
  servedBy,
  states: tiers.map(({ tier, state }) => `${tier} ${state}`),
})

describe('an explanation of a read', () => {
  let clock: FakeClock
  let fleet: InstantFleet
  let cache: TieredCache

  const make = (): TieredCache =>
    new TieredCache({
      l1: new MemoryCache({ clock }),
      l2: fleet.sharedCache({ clock }),
      bus: fleet.bus,
      staleness: { policy: 'strict' },
      prefix: 'app:',
      logger: silentLogger,
      clock,
    })

  beforeEach(async () => {
    clock = new FakeClock()
    fleet = new InstantFleet(clock)
    cache = make()
    await clock.advance('10ms')
  })

  it('names the tier that serves, the deadlines, the tags and how much may have been missed', async () => {
    await cache.set('key', 'value', { ttl: '60s', tags: ['t'] })
    await clock.advance('1500ms')

    expect(await cache.explain('key')).toEqual({
      key: 'key',
      outcome: 'fresh',
      servedBy: 'l1',
      tiers: [
        {
          tier: 'l1',
          state: 'fresh',
          ttl: 58.5,
          tags: [{ tag: 't', state: 'current' }],
          syncAge: 0.51,
          tagSyncAge: 0.51,
        },
        { tier: 'l2', state: 'fresh', ttl: 58.5, tags: [{ tag: 't', state: 'current' }], tagSyncAge: 0.51 },
      ],
      underWay: [],
    })
  })

  it('tells what a tier has not', async () => {
    expect(states(await cache.explain('key'))).toEqual({
      outcome: 'miss',
      servedBy: undefined,
      states: ['l1 absent', 'l2 absent'],
    })
    await fleet.sharedCache({ clock }).set('app:key', 'value')
    expect(states(await cache.explain('key'))).toMatchObject({
      servedBy: 'l2',
      states: ['l1 absent', 'l2 fresh'],
    })
  })

  it('tells which tag hides an entry, and whether it is of the namespace', async () => {
    await cache.set('key', 'value', { tags: ['t', 'u'] })
    await cache.invalidateTag('u')
    const { tiers } = await cache.explain('key')
    expect(tiers.map(({ state }) => state)).toEqual(['invalidated', 'invalidated'])
    expect(tiers[1]!.tags).toEqual([
      { tag: 't', state: 'current' },
      { tag: 'u', state: 'invalidated' },
    ])
    await cache.set('part:key', 'value')
    expect(states(await cache.namespace('part').explain('key')).states).toEqual([
      'l1 invalidated',
      'l2 invalidated',
    ])
  })

  it('tells why what is here is not served', async () => {
    await cache.set('key', 'value')
    fleet.isAway = true
    await clock.advance('5s')
    expect(states(await cache.explain('key')).states).toEqual(['l1 unsynced', 'l2 unavailable'])
    await cache.delete('key')
    expect(states(await cache.explain('key')).states).toEqual(['l1 absent', 'l2 queued'])
  })

  it('tells of a token that is not reached', async () => {
    await cache.set('key', 'value')
    expect(states(await cache.explain('key', { after: '?' }))).toMatchObject({
      servedBy: 'l2',
      states: ['l1 skipped', 'l2 fresh'],
    })
  })

  it('tells of loads under way and whether they are voided', async () => {
    let end: (value: string) => void = () => undefined
    const load = cache.getOrSet('key', async () => new Promise<string>((resolve) => (end = resolve)))
    await clock.advance('2s')
    expect((await cache.explain('key')).underWay).toEqual([
      { age: expect.closeTo(2, 1) as number, hasLease: true, voided: false },
    ])
    await cache.delete('key')
    expect((await cache.explain('key')).underWay).toMatchObject([{ voided: true }])
    end('value')
    expect(await load).toBe('value')
    expect((await cache.explain('key')).underWay).toEqual([])
  })

  it('counts nothing and keeps nothing', async () => {
    await fleet.sharedCache({ clock }).set('app:key', 'value')
    const before = cache.stats()
    await cache.explain('key')
    await cache.explain('key')
    expect(cache.stats()).toEqual(before)
  })

  it('refuses what is no key', async () => {
    await expect(cache.explain('')).rejects.toThrow('a key must not be empty')
  })
})

describe('an explanation of a read in memory', () => {
  it('tells what there is, and for how long', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock })
    await cache.set('key', 'value', '10s')
    await clock.advance('4s')

    expect(await cache.explain('key')).toMatchObject({ tiers: [{ tier: 'l1', state: 'fresh', ttl: 6 }] })
    await clock.advance('7s')
    expect(states(await cache.explain('key'))).toEqual({
      outcome: 'miss',
      servedBy: undefined,
      states: ['l1 absent'],
    })
  })
})
