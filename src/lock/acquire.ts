import { randomUUID } from 'node:crypto'
import type { HeldLock } from './held-lock.ts'
import { lineOf } from './line.ts'
import { acquireStep } from './steps.ts'
import { busy, unavailable, type Wanted } from './wanted.ts'

/** Asks once. Returns `undefined` if others hold or await all permits. @throws StoreUnavailableError, ClosedError */
export async function tryAcquire(wanted: Wanted): Promise<HeldLock | undefined> {
  const { store, state, permits, settings } = wanted
  store.closed?.throwIfAborted()
  const token = randomUUID()
  const sentMs = store.clock.now()
  const request = { wanted: [{ token, ttlMs: settings.ttlMs }], permits, placeMs: 0, more: false }
  let fence: number
  try {
    fence = (await store.run(acquireStep, state, request)).fences[0] ?? 0
  } catch (error) {
    lineOf(wanted).giveBack(token)
    throw unavailable(wanted, error)
  }
  if (fence === 0) return undefined
  if (store.closed?.aborted === true) lineOf(wanted).giveBack(token)
  store.closed?.throwIfAborted()
  return lineOf(wanted).hold(token, fence, settings, sentMs)
}

/**
 * Waits for a permit, at most for `longestMs`.
 * @throws LockBusyError if others held all permits for that long, StoreUnavailableError if the store did not answer the
 * last question, ClosedError, the reason of the signal.
 */
export async function acquire(
  wanted: Wanted,
  longestMs: number,
  signal: AbortSignal | undefined,
): Promise<HeldLock> {
  signal?.throwIfAborted()
  wanted.store.closed?.throwIfAborted()
  if (longestMs > 0) return lineOf(wanted).wait(wanted.settings, longestMs, signal)
  const held = await tryAcquire(wanted)
  if (held === undefined) throw busy(wanted, longestMs)
  if (signal?.aborted === true) await held.release()
  signal?.throwIfAborted()
  return held
}
