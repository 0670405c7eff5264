import assert from 'node:assert/strict'
import { systemClock, systemTimers } from '../../core/time/system.ts'

// Redis counts in whole milliseconds, and reads the time once for each command.
const GRAIN_MS = 5
/** The time after its end in which an entry may still be seen. */
const LATE_MS = 100

/** Waits in real time. */
export async function pass(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemTimers.set(resolve, ms, 'awaited')
  })
}

/**
 * Polls until `isOver`: at the earliest `ms` after the call of `begin`, and at the latest about `ms` after its end. The
 * check is the same on a slow machine.
 */
export async function lasts(
  ms: number,
  begin: () => Promise<unknown>,
  isOver: () => Promise<boolean>,
): Promise<void> {
  const calledAt = systemClock.now()
  await begin()
  const doneAt = systemClock.now()
  for (;;) {
    const askedAt = systemClock.now()
    if (await isOver()) break
    const lateMs = askedAt - doneAt - ms
    assert.ok(lateMs <= LATE_MS, `it is not over ${lateMs} ms after its time`)
    await pass(10)
  }
  const lastedMs = systemClock.now() - calledAt
  assert.ok(lastedMs >= ms - GRAIN_MS, `it is over after ${lastedMs} of ${ms} ms`)
}

/**
 * Fails unless `ttl` is possible when at most `passedMs` of `seconds` have passed. They may count twice, because a
 * server's answer is as old as its request.
 */
export function assertLeft(ttl: number | undefined, seconds: number, passedMs: number): void {
  const least = seconds - (2 * passedMs + GRAIN_MS) / 1_000
  assert.ok(
    ttl !== undefined && ttl >= least && ttl <= seconds,
    `${ttl} s are left, not between ${least} and ${seconds}`,
  )
}
