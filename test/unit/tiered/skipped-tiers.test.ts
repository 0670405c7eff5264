import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'

describe('a tier that is skipped', () => {
  let clock: FakeClock
  let fleet: InstantFleet
  let cache: TieredCache<string>
  let other: TieredCache<string>

  const make = (): TieredCache<string> =>
    new TieredCache<string>({ l1: new MemoryCache({ clock }), l2: fleet.sharedCache({ clock }), clock })
  const reads = (): number => fleet.calls.get('read') ?? 0

  beforeEach(async () => {
    clock = new FakeClock()
    fleet = new InstantFleet(clock)
    cache = make()
    other = make()
    await clock.advance('10ms')
  })

  it('is not looked at: the server is asked in spite of the memory', async () => {
    await cache.set('k', 'set')
    fleet.calls.clear()
    expect(await cache.get('k')).toBe('set')
    expect(reads()).toBe(0)
    expect(await cache.get('k', { skipRead: 'l1' })).toBe('set')
    expect(await cache.getMany(['k'], { skipRead: 'l1' })).toEqual(new Map([['k', 'set']]))
    expect(reads()).toBe(2)
  })

  it('is not looked at: what only the server has is loaded', async () => {
    await other.set('k', 'set')
    fleet.calls.clear()
    expect(await cache.get('k', { skipRead: 'l2' })).toBeUndefined()
    expect(await cache.getMany(['k'], { skipRead: 'l2' })).toEqual(new Map())
    expect(reads()).toBe(0)
    expect(await cache.getOrSet('k', () => 'loaded', { skipRead: 'l2' })).toBe('loaded')
    expect(await other.get('k')).toBe('loaded')
  })

  it('is not written to: what is loaded is on the server alone', async () => {
    expect(await cache.getOrSet('k', () => 'loaded', { skipWrite: 'l1' })).toBe('loaded')
    expect(await cache.get('k', { skipRead: 'l2' })).toBeUndefined()
    expect(await other.get('k')).toBe('loaded')
  })

  it('is not written to: what was kept before does not outlive what is loaded', async () => {
    await cache.set('k', 'old')
    await cache.getOrSet('k', () => 'new', { forceRefresh: true, skipWrite: 'l1' })
    expect(await cache.get('k')).toBe('new')
  })

  it('is not written to: what is loaded is in this process alone, until anybody changes it', async () => {
    expect(await cache.getOrSet('k', () => 'loaded', { skipWrite: 'l2' })).toBe('loaded')
    expect(await cache.get('k')).toBe('loaded')
    expect(await other.get('k')).toBeUndefined()
    expect(cache.stats().refusedFills).toBe(0)
    // Nobody waits for the lease.
    expect(await other.getOrSet('k', () => 'theirs')).toBe('theirs')
    await other.delete('k')
    expect(await cache.get('k')).toBeUndefined()
  })

  it('is the server where there is no other', async () => {
    const shared = fleet.sharedCache({ clock })
    await shared.set('k', 'set')
    expect(await shared.get('k', { skipRead: 'l1' })).toBe('set')
    expect(await shared.get('k', { skipRead: 'l2' })).toBeUndefined()
    expect(await shared.getOrSet('k', () => 'loaded', { skipRead: 'l2', skipWrite: 'l2' })).toBe('loaded')
    expect(await shared.get('k')).toBe('set')
  })
})
