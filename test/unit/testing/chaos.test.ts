import { describe, expect, it } from 'vitest'
import { BaseCache } from '../../../src/cache/base-cache.ts'
import type { Slot } from '../../../src/in-process/primitives.ts'
import { storeFrom } from '../../../src/cache/store-from.ts'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { MemoryCache } from '../../../src/memory/memory-cache.ts'
import {
  Chaos,
  chaosBus,
  ChaosCache,
  chaosStore,
  FakeClock,
  type ChaosOptions,
} from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { TieredCache } from '../../../src/tiered/tiered-cache.ts'

interface Parts {
  readonly clock: FakeClock
  readonly chaos: Chaos
  readonly cache: ChaosCache
  /** Lets a second of fake time pass, in which every call has an answer or none. */
  readonly after: <T>(call: Promise<T>) => Promise<T>
}

function make(options: ChaosOptions = {}): Parts {
  const clock = new FakeClock()
  const chaos = new Chaos({ timers: clock, ...options })
  const cache = new ChaosCache(new MemoryCache({ clock }), chaos, { clock, logger: silentLogger })
  const after = async <T>(call: Promise<T>): Promise<T> => {
    await clock.advance(1)
    return call
  }
  return { clock, chaos, cache, after }
}

describe('a cache in chaos', () => {
  it('works as the cache behind it while nothing goes wrong', async () => {
    const { chaos, cache } = make()
    expect(await cache.set('key', 'value')).toBe(true)
    expect(await cache.getOrSet('key', () => 'other')).toBe('value')
    expect(await cache.increment('n')).toBe(1)
    const keys: string[] = []
    for await (const key of cache.keys()) keys.push(key)
    expect(keys.toSorted()).toEqual(['key', 'n'])
    expect(chaos.counts).toMatchObject({ failed: 0 })
  })

  it('misses, says false and loads while every call fails, and is itself again afterwards', async () => {
    const { chaos, cache } = make()
    await cache.set('key', 'value')
    chaos.set({ errors: 1 })
    expect(await cache.get('key')).toBe(undefined)
    expect(await cache.set('key', 'other')).toBe(false)
    expect(await cache.getOrSet('key', () => 'loaded')).toBe('loaded')
    expect(await cache.increment('n')).toBe(undefined)
    expect(chaos.counts.failed).toBeGreaterThan(3)
    chaos.calm()
    expect(await cache.get('key')).toBe('value')
  })

  it('takes the time that it is told', async () => {
    const { clock, cache } = make({ delayMs: [40, 40] })
    const state = { done: false }
    const setting = cache.set('key', 1).then(() => {
      state.done = true
    })
    await clock.advance(0.039)
    expect(state.done).toBe(false)
    await clock.advance(0.002)
    await setting
    expect(state.done).toBe(true)
  })

  it('has what was executed and not answered executed, and what never arrived not', async () => {
    const { chaos, cache, after } = make({ replyLoss: 1 })
    expect(await after(cache.set('executed', 1))).toBe(false)
    chaos.set({ replyLoss: 0, requestLoss: 1 })
    expect(await after(cache.set('lost', 1))).toBe(false)
    chaos.calm()
    expect(await cache.getMany(['executed', 'lost'])).toEqual(new Map([['executed', 1]]))
  })

  it('lets nothing pass in a black hole, and no call hangs for longer than the deadline', async () => {
    const { clock, chaos, cache } = make({ blackHole: true, deadlineMs: 200 })
    const reading = cache.get('key')
    await clock.advance(0.2)
    expect(await reading).toBe(undefined)
    expect(chaos.counts).toMatchObject({ calls: 1, failed: 1 })
    expect(clock.pending).toBe(0)
  })

  it('lets one call overtake another', async () => {
    const { clock, chaos, cache } = make({ delayMs: [1, 1], pause: 1, pauseMs: [50, 50] })
    const order: string[] = []
    const slow = cache.set('a', 1).then(() => order.push('slow'))
    chaos.set({ pause: 0 })
    const quick = cache.set('b', 1).then(() => order.push('quick'))
    await clock.advance(0.1)
    await Promise.all([slow, quick])
    expect(order).toEqual(['quick', 'slow'])
  })

  it('has the same chances under the same seed', async () => {
    const outcomes = async (seed: number): Promise<readonly boolean[]> => {
      const { cache } = make({ seed, errors: 0.5 })
      return Promise.all(Array.from({ length: 20 }, (_, index) => cache.set(`k${index}`, index)))
    }
    expect(await outcomes(3)).toEqual(await outcomes(3))
    expect(await outcomes(3)).not.toEqual(await outcomes(4))
  })

  it('leaves the cache behind it open', async () => {
    const cache = new MemoryCache()
    await new ChaosCache(cache, new Chaos()).close()
    expect(await cache.set('key', 1)).toBe(true)
  })

  it('refuses what is no whole cache', () => {
    expect(() => new ChaosCache(new MemoryCache().namespace('n'), new Chaos())).toThrow(
      'is not a whole cache',
    )
  })
})

describe('a store of your own in chaos', () => {
  it('goes through it', async () => {
    class MapCache extends BaseCache {
      constructor(entries: Map<string, Slot>, chaos: Chaos) {
        const primitives = {
          read: (key: string) => entries.get(key),
          write: (key: string, slot: Slot) => void entries.set(key, slot),
          remove: (key: string) => entries.delete(key),
          keys: () => entries.keys(),
        }
        super(chaosStore(storeFrom(primitives), chaos), { logger: silentLogger })
      }
    }
    const chaos = new Chaos()
    const cache = new MapCache(new Map(), chaos)
    expect(await cache.set('key', 1)).toBe(true)
    chaos.set({ errors: 1 })
    expect(await cache.get('key')).toBe(undefined)
  })
})

describe('a tiered cache whose server is in chaos', () => {
  const tiered = (fleet: InstantFleet, clock: FakeClock, chaos: Chaos): TieredCache => {
    const l2 = new ChaosCache(fleet.sharedCache({ clock }), chaos, { clock, logger: silentLogger })
    return new TieredCache({ l1: new MemoryCache({ clock }), l2, clock, logger: silentLogger })
  }

  it('serves its own tier through an outage, and hears afterwards what it has missed', async () => {
    const clock = new FakeClock()
    const fleet = new InstantFleet(clock)
    const chaos = new Chaos({ timers: clock })
    const one = tiered(fleet, clock, chaos)
    const other = tiered(fleet, clock, new Chaos({ timers: clock }))
    await clock.advance(1.5)
    await one.set('key', 'old')
    chaos.set({ blackHole: true, deadlineMs: 100 })
    await other.set('key', 'new')
    await clock.advance(5)
    expect(await one.get('key')).toBe('old')
    chaos.calm()
    await clock.advance(3)
    expect(await one.get('key')).toBe('new')
    await Promise.all([one.close(), other.close()])
  })

  it('hears of changes by the heartbeat where every message is lost', async () => {
    const clock = new FakeClock()
    const fleet = new InstantFleet(clock)
    const chaos = new Chaos({ timers: clock, messageLoss: 1 })
    const one = tiered(fleet, clock, chaos)
    const other = tiered(fleet, clock, new Chaos({ timers: clock }))
    await clock.advance(1.5)
    await one.set('key', 'old')
    await other.set('key', 'new')
    expect(await one.get('key')).toBe('old')
    expect(chaos.counts.lost).toBeGreaterThan(0)
    await clock.advance(2)
    expect(await one.get('key')).toBe('new')
    await Promise.all([one.close(), other.close()])
  })
})

describe('a bus in chaos', () => {
  it('loses, doubles and delays messages, and is silent after the end of a subscription', async () => {
    const clock = new FakeClock()
    const chaos = new Chaos({ timers: clock })
    let send!: (text: string) => void
    const bus = chaosBus(
      {
        subscribe: (onMessage) => {
          send = (text) => onMessage(text as never)
          return () => undefined
        },
      },
      chaos,
    )
    const heard: unknown[] = []
    const stop = bus.subscribe(
      (message) => heard.push(message),
      () => undefined,
    )
    send('plain')
    chaos.set({ messageDuplication: 1 })
    send('twice')
    chaos.set({ messageDuplication: 0, messageLoss: 1 })
    send('lost')
    chaos.set({ messageLoss: 0, delayMs: [20, 20] })
    send('late')
    chaos.set({ delayMs: [0, 0] })
    send('early')
    await clock.advance(1)
    expect(heard).toEqual(['plain', 'twice', 'twice', 'early', 'late'])
    chaos.set({ delayMs: [20, 20] })
    send('too late')
    stop()
    await clock.advance(1)
    expect(heard).not.toContain('too late')
    expect(chaos.counts).toMatchObject({ messages: 6, lost: 1 })
  })

  it('refuses what is no bus', () => {
    expect(() => chaosBus({} as never, new Chaos())).toThrow('has no subscribe()')
  })
})

describe('chaos', () => {
  it.each([
    [{ errors: 2 }, 'errors: 2 is not a probability from 0 to 1'],
    [{ delayMs: [5, 1] }, 'delayMs: an array of 2 is not a pair of milliseconds, the smaller first'],
    [{ blackHole: 1 }, 'blackHole: 1 is not true or false'],
    [{ deadlineMs: -1 }, 'deadlineMs: -1 is not a number of milliseconds'],
    [{ latency: 1 }, "unknown option 'latency'"],
  ])('refuses %o', (settings, message) => {
    expect(() => new Chaos(settings as never)).toThrow(message)
  })
})
