import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { BoundedMap } from '../../../src/memory/bounded-map.ts'
import { checkMap } from './check-map.ts'
import { ManualClock } from './manual-clock.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const DAY_MS = 86_400_000
const MILLION = 1_000_000

// From 1 ms to 400 days, evenly on a logarithmic scale.
function mixedTtls(count: number): Float64Array {
  const random = new SeededRandom(7).next
  return Float64Array.from({ length: count }, () => Math.ceil((400 * DAY_MS) ** random()))
}

function million() {
  const clock = new ManualClock()
  const map = new BoundedMap<number, number>({
    maxEntries: MILLION,
    clock,
    timers: clock,
    random: new SeededRandom(1).next,
  })
  const ttls = mixedTtls(MILLION)
  for (let key = 0; key < MILLION; key++) map.put(key, key, ttls[key]!)
  return { clock, map, ttls }
}

describe('a million entries with ttls from 1 ms to 400 days', () => {
  const { clock, map, ttls } = million()

  test('are freed without being read, at most 20,000 a tick', () => {
    let largest = 0
    for (let size = map.size; clock.runNext(30_000); size = map.size)
      largest = Math.max(largest, size - map.size)
    const expired = ttls.reduce((count, ttl) => count + (ttl <= 20_000 ? 1 : 0), 0)
    expect(expired).toBeGreaterThan(300_000)
    expect(MILLION - map.size).toBeGreaterThanOrEqual(expired)
    expect(largest).toBeGreaterThan(0)
    expect(largest).toBeLessThanOrEqual(20_000)
  })

  test('are never served after their deadline, nor missed before it', () => {
    for (const untilMs of [60_000, 3_600_000, DAY_MS, 30 * DAY_MS, 60 * DAY_MS, 399 * DAY_MS]) {
      clock.skip(untilMs - clock.now())
      for (let key = 0; key < MILLION; key += 97) {
        expect(map.peek(key) === undefined).toBe(ttls[key]! <= untilMs)
      }
    }
  })

  test('are all gone in the end, and so is the timer', () => {
    while (clock.runNext());
    expect(map.size).toBe(0)
    expect(clock.pending).toBe(0)
    checkMap(map)
  })
})

describe('the sweep', () => {
  test('stops after 5 ms of work and goes on later', () => {
    // A clock on which every look takes a tenth of a millisecond.
    const clock = new ManualClock()
    const slow = { now: () => (clock.skip(0.1), clock.now()), wallNow: () => clock.wallNow() }
    const map = new BoundedMap<number, number>({ maxEntries: 50_000, clock: slow, timers: clock })
    for (let key = 0; key < 50_000; key++) map.put(key, key, 10_000)
    let longest = 0
    while (clock.pending > 0) {
      const startMs = clock.now()
      const size = map.size
      clock.runNext()
      if (map.size < size) longest = Math.max(longest, clock.now() - Math.max(startMs, 10_000))
      if (map.size === 0) break
    }
    expect(map.size).toBe(0)
    expect(longest).toBeGreaterThan(0)
    // The time between two ticks passes too.
    expect(longest).toBeLessThanOrEqual(100 + 5)
  })

  test('has no timer while nothing can expire', () => {
    const clock = new ManualClock()
    const map = new BoundedMap<number, number>({ clock, timers: clock })
    map.set(1, 1)
    map.get(1)
    expect(clock.pending).toBe(0)
    map.put(2, 2, 1000)
    expect(clock.pending).toBe(1)
    clock.advance(2000)
    expect(map.size).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('wakes for a nearer deadline that comes after a farther one', () => {
    const clock = new ManualClock()
    const map = new BoundedMap<number, number>({ clock, timers: clock })
    map.put(1, 1, 300 * DAY_MS)
    map.put(2, 2, 5000)
    clock.advance(6001)
    expect(map.size).toBe(1)
    clock.advance(300 * DAY_MS)
    expect(map.size).toBe(0)
  })

  test('does not keep the process alive', () => {
    const script = `
      const { BoundedMap } = await import('./src/memory/bounded-map.ts')
      const map = new BoundedMap({ ttl: '1h' })
      map.set('a', 1)
      if (map.get('a') !== 1) process.exitCode = 9
    `
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: fileURLToPath(new URL('../../..', import.meta.url)), timeout: 30_000, encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
})
