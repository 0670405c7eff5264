import { randomUUID } from 'node:crypto'
import type { AcquireAnswer, AtomicStore, StateKey } from '../core/atomic-store.ts'
import { LockBusyError, StoreUnavailableError } from '../core/errors.ts'
import { HeldLock } from './held-lock.ts'
import type { LockSettings } from './options.ts'
import { acquireStep, releaseStep } from './steps.ts'
import { pause, wake } from './wake-ups.ts'

// Who is first in the queue asks soon again, those behind less often.
const FIRST_DELAY_MS = 30
const LONGEST_DELAY_MS = 500
// A place is kept for so long without a question: longer than the longest delay and the deadline of a store.
const QUEUE_MS = 3000

/** What is to be acquired. */
export interface Wanted {
  readonly store: AtomicStore
  readonly state: StateKey
  readonly permits: number
  readonly settings: LockSettings
}

/** One attempt; `undefined` = others hold all permits, or wait for them. @throws StoreUnavailableError */
export async function tryAcquire(wanted: Wanted): Promise<HeldLock | undefined> {
  const token = randomUUID()
  try {
    const outcome = await ask(wanted, token, 0)
    return outcome instanceof HeldLock ? outcome : undefined
  } catch (error) {
    leave(wanted, token)
    throw unavailable(wanted, error)
  }
}

/**
 * Waits in the queue for at most so long.
 * @throws LockBusyError when others held it all the time, StoreUnavailableError when the store did not answer at last,
 * the reason of the signal.
 */
export async function acquire(
  wanted: Wanted,
  longestMs: number,
  signal: AbortSignal | undefined,
): Promise<HeldLock> {
  signal?.throwIfAborted()
  const { store, state } = wanted
  const token = randomUUID()
  const untilMs = store.clock.now() + longestMs
  try {
    for (;;) {
      const outcome = await ask(wanted, token, longestMs > 0 ? QUEUE_MS : 0).catch((error: unknown) => ({
        error,
      }))
      if (outcome instanceof HeldLock) {
        if (signal?.aborted !== true) return outcome
        await outcome.release()
      }
      signal?.throwIfAborted()
      const leftMs = untilMs - store.clock.now()
      if (leftMs <= 0) throw giveUp(wanted, outcome as Exclude<typeof outcome, HeldLock>, longestMs)
      const delayMs = delayAfter(outcome as Exclude<typeof outcome, HeldLock>, store)
      await pause(store, state, Math.min(delayMs, leftMs), signal)
      signal?.throwIfAborted()
    }
  } catch (error) {
    leave(wanted, token)
    throw error
  }
}

type Busy = Extract<AcquireAnswer, { readonly ahead: number }>
type Failed = { readonly error: unknown }

async function ask(wanted: Wanted, token: string, queueMs: number): Promise<HeldLock | Busy> {
  const { store, state, permits, settings } = wanted
  const sentMs = store.clock.now()
  const answer = await store.run(acquireStep, state, { token, permits, ttlMs: settings.ttlMs, queueMs })
  if (!('fence' in answer)) return answer
  return new HeldLock({ store, state, settings, token, fence: answer.fence, sentMs })
}

function delayAfter(outcome: Busy | Failed, { random }: AtomicStore): number {
  if ('error' in outcome) return LONGEST_DELAY_MS * (0.5 + random() / 2)
  const usualMs = Math.min(FIRST_DELAY_MS * (outcome.ahead + 1), LONGEST_DELAY_MS) * (0.75 + random() / 2)
  return outcome.ahead === 0 ? Math.min(usualMs, Math.max(1, outcome.expiresInMs)) : usualMs
}

// A place in the queue, or a permit granted by an answer that came too late, is given back; should that fail, it ends by
// itself.
function leave({ store, state }: Wanted, token: string): void {
  const left = (async () => store.run(releaseStep, state, { token }))()
  left.then(
    () => wake(store, state),
    () => undefined,
  )
}

function giveUp(wanted: Wanted, outcome: Busy | Failed, longestMs: number): Error {
  if ('error' in outcome) return unavailable(wanted, outcome.error)
  const { kind, key } = wanted.state
  return new LockBusyError(`${kind} ${key} was held by others for ${Math.round(longestMs)} ms`)
}

function unavailable({ state }: Wanted, error: unknown): Error {
  const message = `${state.kind} ${state.key}: the store does not answer, so that nobody knows who holds it`
  return new StoreUnavailableError(message, { cause: error })
}
