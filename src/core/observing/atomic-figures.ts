/** The decisions of a rate limiter. */
export interface LimiterStats {
  /** Requests that it admitted. */
  allowed: number
  /** Requests that it refused. */
  refused: number
  /** Those among both that were decided without the store, because it did not answer. */
  unavailable: number
}

/** The requests for the permits of all locks, or of all semaphores. */
export interface LockStats {
  /** Permits that were granted. */
  acquired: number
  /** Callers that got none, because others held all for as long as they would wait. */
  busy: number
  /** Callers that got none, because the store did not answer. */
  unavailable: number
  /** Permits that were lost before they were given back. */
  lost: number
}

/** The limiters that are counted apart. All others are counted together. */
const MOST_LIMITERS = 256

/** The figures of the limits and locks of a store. */
export class AtomicFigures {
  /** By the name of the limiter. */
  readonly limiters: Map<string, LimiterStats> = new Map()
  readonly lock: LockStats = noLocks()
  readonly semaphore: LockStats = noLocks()

  /** Returns the figures of a limiter. */
  of(limiter: string): LimiterStats {
    const name = this.limiters.has(limiter) || this.limiters.size < MOST_LIMITERS ? limiter : 'other'
    const known = this.limiters.get(name) ?? { allowed: 0, refused: 0, unavailable: 0 }
    this.limiters.set(name, known)
    return known
  }
}

function noLocks(): LockStats {
  return { acquired: 0, busy: 0, unavailable: 0, lost: 0 }
}
