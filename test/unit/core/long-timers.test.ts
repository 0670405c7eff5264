import { expect, test } from 'vitest'
import { longTimers } from '../../../src/core/time/long-timers.ts'
import { systemTimers } from '../../../src/core/time/system.ts'
import { ManualClock } from '../memory/manual-clock.ts'

const LONGEST_MS = 2 ** 31 - 1

test.each([1, LONGEST_MS, LONGEST_MS + 1, 3 * LONGEST_MS + 7])('a timer of %d ms fires in its time', (ms) => {
  const clock = new ManualClock()
  let firedAtMs = -1
  longTimers(clock).set(() => {
    firedAtMs = clock.now()
  }, ms)
  clock.advance(ms - 1)
  expect(firedAtMs).toBe(-1)
  clock.advance(1)
  expect(firedAtMs).toBe(ms)
  expect(clock.pending).toBe(0)
})

test('a long timer is cancelled in any of its parts', () => {
  const clock = new ManualClock()
  const timers = longTimers(clock)
  const fired = { times: 0 }
  const handle = timers.set(() => void fired.times++, 3 * LONGEST_MS)
  clock.advance(LONGEST_MS + 1)
  timers.clear(handle)
  expect(clock.pending).toBe(0)
  clock.advance(4 * LONGEST_MS)
  expect(fired.times).toBe(0)
})

test('a timer of Infinity never fires', () => {
  const clock = new ManualClock()
  const timers = longTimers(clock)
  const handle = timers.set(() => expect.unreachable(), Infinity)
  for (let time = 0; time < 10; time++) clock.advance(LONGEST_MS)
  timers.clear(handle)
  expect(clock.pending).toBe(0)
})

test('the timers of the system do not fire at once for a long delay', async () => {
  let fired = false
  const handle = systemTimers.set(() => {
    fired = true
  }, 2 ** 31)
  await new Promise((resolve) => {
    setTimeout(resolve, 20)
  })
  systemTimers.clear(handle)
  expect(fired).toBe(false)
})
