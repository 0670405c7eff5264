import { describe, expect, it } from 'vitest'
import { MemoryCache, OptionsError } from '../../../src/index.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { settle } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'

describe('FakeClock', () => {
  it('stands still until it is told to go on', async () => {
    const clock = new FakeClock()
    await settle()
    expect([clock.now(), clock.wallNow()]).toEqual([0, Date.UTC(2026, 0, 1)])
    await clock.advance('1h30m')

    expect([clock.now(), clock.wallNow()]).toEqual([5_400_000, Date.UTC(2026, 0, 1, 1, 30)])
  })

  it('starts at the date it is given', () => {
    expect(new FakeClock(new Date(5)).wallNow()).toBe(5)
  })

  it('fires timers in the order they are due, each at its own time', async () => {
    const clock = new FakeClock()
    const fired: (readonly [string, number])[] = []
    const note = (name: string) => () => void fired.push([name, clock.now()])
    clock.set(note('b'), 2000)
    clock.set(note('a'), 1000)
    clock.set(note('a2'), 1000)
    clock.set(note('later'), 3001)
    await clock.advance(3)

    expect(fired).toEqual([
      ['a', 1000],
      ['a2', 1000],
      ['b', 2000],
    ])
    expect(clock.pending).toBe(1)
  })

  it('fires timers that timers set, and lets promises run in between', async () => {
    const clock = new FakeClock()
    const fired: number[] = []
    const again = async (): Promise<void> => {
      fired.push(clock.now())
      await Promise.resolve()
      clock.set(() => void again(), 1000)
    }
    await again()
    await clock.advance(3)

    expect(fired).toEqual([0, 1000, 2000, 3000])
  })

  it('lets work that is under way set its timers before time goes on', async () => {
    const clock = new FakeClock()
    let firedAtMs = -1
    void settle().then(() => clock.set(() => (firedAtMs = clock.now()), 500))
    await clock.advance(1)

    expect(firedAtMs).toBe(500)
  })

  it('forgets timers that are cleared, and takes it when one is cleared twice', async () => {
    const clock = new FakeClock()
    let fired = false
    const timer = clock.set(() => (fired = true), 1000)
    clock.clear(timer)
    clock.clear(timer)
    await clock.advance(2)

    expect([fired, clock.pending]).toEqual([false, 0])
  })

  it('fires what is overdue at the present time', async () => {
    const clock = new FakeClock()
    const fired: number[] = []
    await clock.advance(5)
    clock.set(() => fired.push(clock.now()), -1000)
    await clock.advance(1)

    expect(fired).toEqual([5000])
  })

  it.each([NaN, -1, '0s', 'soon'])('refuses to go on by %o', async (duration) => {
    expect(await failureOf(() => new FakeClock().advance(duration))).toBeInstanceOf(OptionsError)
  })

  it('never goes back, when a timer advances it beyond the end of the advance under way', async () => {
    const clock = new FakeClock()
    const inner: Promise<void>[] = []
    clock.set(() => inner.push(clock.advance(60)), 1000)
    await clock.advance(2)
    await Promise.all(inner)

    expect(clock.now()).toBe(61_000)
  })

  it('lets promises run without going on, by 0', async () => {
    const clock = new FakeClock()
    let ran = false
    const work = async (): Promise<void> => {
      await Promise.resolve()
      ran = true
    }
    void work()
    await clock.advance(0)
    expect(ran).toBe(true)
    expect(clock.now()).toBe(0)
  })

  it('takes little time for a month in which a limit counts', async () => {
    const clock = new FakeClock()
    const limiter = new RateLimiter(new MemoryCache({ clock }), { name: 'monthly', limit: 1, window: '30d' })
    await limiter.consume('key')
    let timers = 0
    const set = clock.set.bind(clock)
    clock.set = (...args) => (timers++, set(...args))
    await clock.advance('30d')
    expect(timers).toBeLessThan(50_000)
    expect((await limiter.consume('key')).allowed).toBe(true)
  })

  it('refuses to advance for ever', async () => {
    expect(await failureOf(() => new FakeClock().advance(Infinity))).toMatchObject({
      code: 'ERR_CACHE_OPTIONS',
    })
  })

  it('is clock and timers of a cache in one', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, ttl: '30m' })
    await cache.set('session', 'open')
    await clock.advance('29m')
    expect([await cache.get('session'), await cache.ttl('session')]).toEqual(['open', 60])
    await clock.advance('1m')

    expect([await cache.get('session'), await cache.ttl('session')]).toEqual([undefined, undefined])
  })

  it('shows a cache the date until which an entry is to live', async () => {
    const clock = new FakeClock(new Date('2030-01-01T00:00:00Z'))
    const cache = new MemoryCache({ clock })
    await cache.set('offer', 'half price', new Date('2030-01-02T00:00:00Z'))

    expect(await cache.ttl('offer')).toBe(86_400)
  })
})
