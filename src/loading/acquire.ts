import type { Acquired, Cooldown } from '../core/store.ts'
import type { Flight } from './flight.ts'
import type { PipelineParts } from './parts.ts'

/** How long a load waits for the same load in another pipeline before it goes on without storing, in milliseconds. */
const LOCK_TIMEOUT_MS = 10_000
const FIRST_POLL_MS = 10
const LONGEST_POLL_MS = 200

/** An answer of the store, or `denied`: load, but store nothing (a store in trouble, a holder that does not end). */
export type Permission = Exclude<Acquired, 'busy' | Cooldown> | 'denied'

/** Asks once for the leases of several loads, in one call. */
export async function acquire(
  parts: PipelineParts,
  flights: readonly Flight[],
): Promise<readonly (Permission | 'busy')[]> {
  try {
    const answers = await parts.store.acquire(flights.map((flight) => flight.lease))
    parts.trouble.served('acquire')
    return answers.map((answer) => (isCooldown(answer) ? 'denied' : answer))
  } catch (error) {
    parts.trouble.failed('acquire', error)
    return flights.map(() => 'denied' as const)
  }
}

/** Polls, with jitter and growing pauses, until the entry is there, the lease is granted, or it took too long. */
export async function waitForLease(parts: PipelineParts, flight: Flight): Promise<Permission> {
  const giveUpAtMs = parts.clock.now() + LOCK_TIMEOUT_MS
  let pauseMs = FIRST_POLL_MS
  for (;;) {
    if (flight.lease.dead) {
      // A write voided it before anything was loaded, so that what is loaded from here on is new.
      void parts.store.release([flight.lease])
      flight.lease = parts.store.open(flight.key, flight.reading)
    } else {
      if (parts.clock.now() >= giveUpAtMs) return 'denied'
      await pause(parts, pauseMs * (0.5 + parts.random()))
      pauseMs = Math.min(pauseMs * 2, LONGEST_POLL_MS)
    }
    const [answer] = await acquire(parts, [flight])
    if (answer !== 'busy') return answer!
  }
}

function isCooldown(answer: Acquired): answer is Cooldown {
  return typeof answer === 'object' && 'cooldown' in answer
}

async function pause(parts: PipelineParts, ms: number): Promise<void> {
  return new Promise((resolve) => {
    parts.timers.set(resolve, ms)
  })
}
