import type { Lease, Reading, Stored } from '../core/store.ts'

/** What a load came to. */
export interface Outcome {
  /** The form from which each caller gets a copy, when the value can be stored, whether or not it was. */
  readonly stored: Stored | undefined
  /** The loader's own value, for when there is no stored form. */
  readonly value: unknown
  /** A loader of several keys had nothing for this one: whoever has a loader of his own may ask that. */
  readonly absent: boolean
}

/** The load of one key that is under way in this process, and whoever waits for it. */
export class Flight {
  readonly key: string
  /** The pipeline it belongs to: another cache may load a key of the same name. */
  readonly owner: object
  readonly startedAtMs: number
  /** The tags that its entry will bear, and what the caller who began it asks for. */
  readonly reading: Reading
  /** Marks the flight from its first moment; replaced while no load has begun and a write has voided it. */
  lease: Lease
  /** Loads that this one waits for, because its loader asked for their keys. */
  readonly waitsFor: Set<Flight> = new Set()
  /** The load whose loader began this one. */
  readonly parent: Flight | undefined
  readonly outcome: Promise<Outcome>
  /** Whether its loader has ended. Code that a loader left running still names the flight as its context. */
  loaderEnded = false
  /** Whether it has ended: what was loaded has been stored, or refused. */
  done = false
  readonly #resolve: (outcome: Outcome) => void
  readonly #reject: (error: unknown) => void

  constructor(
    owner: object,
    lease: Lease,
    reading: Reading,
    startedAtMs: number,
    parent: Flight | undefined,
  ) {
    this.key = lease.key
    this.reading = reading
    this.owner = owner
    this.lease = lease
    this.startedAtMs = startedAtMs
    this.parent = parent
    let resolve!: (outcome: Outcome) => void
    let reject!: (error: unknown) => void
    this.outcome = new Promise<Outcome>((onSuccess, onFailure) => {
      resolve = onSuccess
      reject = onFailure
    })
    this.#resolve = resolve
    this.#reject = reject
    // Every caller may have left (aborted): the failure is then nobody's, and not an unhandled rejection.
    this.outcome.catch(() => undefined)
  }

  /** Ends the flight with a result for all who wait. */
  succeed(outcome: Outcome): void {
    this.done = true
    this.#resolve(outcome)
  }

  /** Ends the flight with the one error for all who wait. */
  fail(error: unknown): void {
    this.done = true
    this.#reject(error)
  }
}
