import assert from 'node:assert/strict'
import { systemClock, systemTimers } from '../../core/system.ts'

// Redis counts in whole milliseconds, and takes the time once for each command.
const GRAIN_MS = 5
/** How long after its end something may still be seen. */
const LATE_MS = 100

/** Waits in real time. */
export async function pass(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    systemTimers.set(resolve, ms, 'awaited')
  })
}

/**
 * Looks again and again until it is over: not sooner than `ms` after `begin` was called, and at the latest when as much
 * has passed since it was done. However slow the machine is, what is asked of the cache is the same.
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
 * Fails unless `ttl` is what may be left of `seconds` when `passedMs` milliseconds have passed at most. They may count
 * twice: for a cache, what a server says to be left was so when it was asked.
 */
export function assertLeft(ttl: number | undefined, seconds: number, passedMs: number): void {
  const least = seconds - (2 * passedMs + GRAIN_MS) / 1_000
  assert.ok(
    ttl !== undefined && ttl >= least && ttl <= seconds,
    `${ttl} s are left, not between ${least} and ${seconds}`,
  )
}
