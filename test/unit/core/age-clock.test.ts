import { describe, expect, test } from 'vitest'
import { AgeClock, ageClock } from '../../../src/core/time/age-clock.ts'
import { systemClock } from '../../../src/core/time/system.ts'
import { SuspendedClock } from '../../support/suspended-clock.ts'

const afterImmediate = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

function block(ms: number): void {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}

describe('the clock by which things age', () => {
  test('goes on as the process does', () => {
    const clock = new SuspendedClock()
    const ages = new AgeClock(clock)
    clock.run(5_000)
    expect(ages.now()).toBe(5_000)
    expect(ages.resumedAtMs).toBe(-Infinity)
  })

  test('counts a suspension that the wall clock tells of', () => {
    const clock = new SuspendedClock()
    const ages = new AgeClock(clock)
    clock.suspend(20_000)
    expect(ages.now()).toBe(20_000)
    expect(ages.resumedAtMs).toBe(20_000)
    clock.run(1)
    expect(ages.now()).toBe(20_001)
    expect(ages.running.now()).toBe(1)
  })

  test('adds up suspensions that are too short to be told from an inaccuracy', () => {
    const clock = new SuspendedClock()
    const ages = new AgeClock(clock)
    const seen: number[] = []
    for (let time = 0; time < 5; time++) {
      clock.suspend(400)
      seen.push(ages.now())
    }
    expect(seen).toEqual([0, 0, 1_200, 1_200, 1_200])
  })

  test('takes no notice of a wall clock that is set back', () => {
    const clock = new SuspendedClock()
    const ages = new AgeClock(clock)
    clock.setWall(-86_400_000)
    expect(ages.now()).toBe(0)
    clock.suspend(900)
    expect(ages.now()).toBe(0)
    clock.suspend(900)
    expect(ages.now()).toBe(1_800)
  })

  test('never goes back, whatever the wall clock does', () => {
    const clock = new SuspendedClock()
    const ages = new AgeClock(clock)
    let lastMs = 0
    for (let step = 0; step < 1_000; step++) {
      clock.run((step * 7) % 50)
      clock.setWall(((step * 7_919) % 5_000) - 2_500)
      const nowMs = ages.now()
      expect(nowMs).toBeGreaterThanOrEqual(lastMs)
      lastMs = nowMs
    }
  })

  test('is one for all who name the same clock, and itself for itself', () => {
    const clock = new SuspendedClock()
    expect(ageClock(clock)).toBe(ageClock(clock))
    expect(ageClock(ageClock(clock))).toBe(ageClock(clock))
    expect(ageClock()).toBe(ageClock(systemClock))
  })

  test('looks at the clocks of the system once in a callback of the event loop', async () => {
    const ages = ageClock()
    await afterImmediate()
    const firstMs = ages.now()
    block(5)
    expect(ages.now()).toBe(firstMs)
    expect(ages.preciseNow()).toBeGreaterThanOrEqual(firstMs + 5)
    await afterImmediate()
    expect(ages.now()).toBeGreaterThanOrEqual(firstMs + 5)
  })

  test('looks again in a timer that fires right after a callback that blocked', async () => {
    const ages = ageClock()
    const seen: number[] = []
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        seen.push(ages.now())
        block(5)
      }, 1)
      setTimeout(() => {
        seen.push(ages.now())
        resolve()
      }, 1)
    })
    expect(seen[1]! - seen[0]!).toBeGreaterThanOrEqual(5)
  })

  test('does not stand still in a callback that never ends', async () => {
    const ages = ageClock()
    const startMs = ages.now()
    const endMs = performance.now() + 1_000
    while (ages.now() < startMs + 3 && performance.now() < endMs) await Promise.resolve()
    expect(ages.now()).toBeGreaterThanOrEqual(startMs + 3)
  })
})
