import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { LoadSettings } from '../options/resolve.ts'
import {
  KEYS_OF_A_QUESTION,
  type AcquireOptions,
  type Acquired,
  type Cooldown,
  type Found,
  type Lease,
} from '../core/store.ts'
import type { Flight } from './flight.ts'
import type { CacheState } from './cache-state.ts'

/** Milliseconds for which a load waits for the same load in another pipeline before it goes on without storing. */
const LEASE_WAIT_MS = 10_000
const FIRST_POLL_MS = 10
const LONGEST_POLL_MS = 200
/** The time for which a load that took too long may still end and have its value stored. */
export const LAST_CHANCE_MS = 1000

/**
 * Returns the time for all questions that a call asks the store before its loader starts. At least half of a
 * `hardTimeout` is for the loader.
 */
export function questionMs(deadlineMs: number, { hardTimeoutMs = Infinity }: LoadSettings): number {
  return Math.min(deadlineMs, hardTimeoutMs / 2)
}

/**
 * Returns what is asked with the leases of a run. The questions before the load have used some of the time. After a wait
 * for its turn, at `turnAtMs`, the time of a load begins anew.
 */
export function questionOf(
  flights: readonly Flight[],
  settings: LoadSettings,
  { deadlineMs }: Pick<CacheState['store'], 'deadlineMs'>,
  freshUpToMs: number,
  turnAtMs: number | undefined,
): AcquireOptions | undefined {
  const { forceRefresh, hardTimeoutMs } = settings
  const force = forceRefresh === true || (flights.length === 1 && flights[0]!.forced)
  const isPlain = !force && hardTimeoutMs === undefined && freshUpToMs === 0
  if (isPlain && deadlineMs === undefined) return undefined
  const calledAtMs = turnAtMs ?? flights[0]!.calledAtMs
  const parts = Math.ceil(flights.length / KEYS_OF_A_QUESTION)
  return {
    force,
    freshUpToMs: forceRefresh === true ? Infinity : freshUpToMs,
    longestMs: hardTimeoutMs === undefined ? undefined : hardTimeoutMs + LAST_CHANCE_MS,
    untilMs: deadlineMs === undefined ? undefined : calledAtMs + questionMs(parts * deadlineMs, settings),
  }
}

/** Asks once for the leases of several loads, in one call. If the store is in trouble, they load and store nothing. */
export function acquire(
  state: CacheState,
  flights: readonly Flight[],
  options: AcquireOptions | undefined,
): MaybePromise<readonly Acquired[]> {
  const leases = flights.map((flight) => flight.lease)
  let answers: MaybePromise<readonly Acquired[]>
  try {
    answers = state.store.acquire(leases, options)
  } catch (error) {
    return failed(state, flights, error)
  }
  if (isPromise(answers)) return answered(state, flights, answers, options)
  state.trouble.served('acquire')
  return isReadable(state, answers) ? answers : pastUnreadable(state, flights, answers, options)
}

// An unreadable entry counts as absent, so the leases of those keys are asked for in any case.
async function pastUnreadable(
  { store, trouble }: CacheState,
  flights: readonly Flight[],
  answers: readonly Acquired[],
  options: AcquireOptions | undefined,
): Promise<readonly Acquired[]> {
  const settled = [...answers]
  const hidden = [...answers.keys()].filter((index) => !isReadable({ store }, [answers[index]!]))
  const leases = hidden.map((index) => flights[index]!.lease)
  const asking = trouble.attempt('acquire', () =>
    store.acquire(leases, { ...options, freshUpToMs: Infinity }),
  )
  const again = (isPromise(asking) ? await asking : asking) ?? []
  for (const [position, index] of hidden.entries()) {
    const answer = again[position]
    settled[index] = answer === undefined || isEntry(answer) ? 'denied' : answer
  }
  return settled
}

function isReadable({ store }: Pick<CacheState, 'store'>, answers: readonly Acquired[]): boolean {
  try {
    for (const answer of answers) if (isEntry(answer)) store.view(answer.stored)
    return true
  } catch {
    return false
  }
}

function isEntry(answer: Acquired): answer is Found {
  return typeof answer === 'object' && 'stored' in answer
}

/**
 * Polls, with jitter and growing pauses, until the answer is not `busy` or the time is over. Each question has a
 * deadline of its own.
 */
export async function waitForLease(
  state: CacheState,
  flight: Flight,
  options: AcquireOptions | undefined,
  leaseWaitMs: number = LEASE_WAIT_MS,
): Promise<Acquired> {
  const giveUpAtMs = state.clock.now() + leaseWaitMs
  let pauseMs = FIRST_POLL_MS
  for (;;) {
    if (flight.lease.dead) {
      // A write voided it before anything was loaded, so values that are loaded from here on are new.
      void release(state, [flight.lease])
      flight.lease = state.store.open(flight.key, flight.reading)
    } else {
      const leftMs = giveUpAtMs - state.clock.now()
      if (leftMs <= 0) return 'denied'
      await pause(state, Math.min(pauseMs * (0.5 + state.random()), leftMs))
      pauseMs = Math.min(pauseMs * 2, LONGEST_POLL_MS)
    }
    // Its callers were told that it takes too long.
    if (flight.settled) return 'denied'
    const force = options?.force === true || flight.forced
    const [answer] = await acquire(state, [flight], { ...options, force, untilMs: undefined })
    if (answer !== 'busy') return answer!
  }
}

/** Gives leases back. A failure is noted, because no caller waits for it. */
export function release(
  state: CacheState,
  leases: readonly Lease[],
  cooldown?: Cooldown & { readonly forMs: number },
): MaybePromise<void> {
  const note = (error: unknown): void => state.trouble.note('release', error)
  try {
    const done = state.store.release(leases, cooldown)
    return isPromise(done) ? done.then(undefined, note) : undefined
  } catch (error) {
    return note(error)
  }
}

async function answered(
  state: CacheState,
  flights: readonly Flight[],
  pending: PromiseLike<readonly Acquired[]>,
  options: AcquireOptions | undefined,
): Promise<readonly Acquired[]> {
  try {
    const answers = await pending
    state.trouble.served('acquire')
    return isReadable(state, answers) ? answers : await pastUnreadable(state, flights, answers, options)
  } catch (error) {
    return failed(state, flights, error)
  }
}

function failed(state: CacheState, flights: readonly Flight[], error: unknown): readonly Acquired[] {
  state.trouble.failed('acquire', error, flights[0]?.family?.counters)
  return flights.map(() => 'denied')
}

async function pause(state: CacheState, ms: number): Promise<void> {
  return new Promise((resolve) => {
    state.timers.set(resolve, ms, 'awaited')
  })
}
