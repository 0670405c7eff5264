import type { Family } from '../core/observing/family.ts'
import type { Lease, Reading, Stored } from '../core/store.ts'

/** The outcome of a load. */
export interface Outcome {
  /** The form from which each caller gets a copy, if the value can be stored, whether or not it was. */
  readonly stored: Stored | undefined
  /** The loader's own value, used if there is no stored form. */
  readonly value: unknown
  /**
   * Whether it is only for the caller that began the load. Its loader had nothing for this key, or named a tag that was
   * invalidated meanwhile. Callers that have joined may load on their own.
   */
  readonly own: boolean
  /**
   * Whether its lease was void at the fill. Another process may have invalidated the key before a caller joined. Such a
   * caller loads once more, and accepts any load that began after it came.
   */
  readonly late?: boolean
  /** The failure, if there is no value; in a list, because any value can be thrown. */
  readonly failure?: readonly [error: unknown]
}

/** Returns the outcome of a load that has failed. */
export function failedWith(error: unknown): Outcome {
  return { stored: undefined, value: undefined, own: false, failure: [error] }
}

/** The run that a flight belongs to, as far as the flight uses it. */
export interface Carrier {
  /** Lets it begin before others that wait, because a load that is under way waits for it. */
  hurry(): void
}

/** The load of one key that is under way in this process, and its callers. */
export class Flight {
  readonly key: string
  /** The pipeline it belongs to, because another cache may load a key of the same name. */
  readonly owner: object
  readonly startedAtMs: number
  /**
   * The time of the call that began it. The deadlines of its questions to the store, and `hardTimeout`, count from
   * there.
   */
  readonly calledAtMs: number
  /** The tags that its entry will bear, and the reading of the caller that began it. */
  readonly reading: Reading
  /** The load whose loader began this one. */
  readonly parent: Flight | undefined
  /** The entry of the key when the flight began, if it was read. */
  readonly present: Stored | undefined
  /** The marker of the flight from its first moment. It is replaced if a write voids it before a load has begun. */
  lease: Lease
  /** Loads that this one waits for, because its loader asked for their keys. */
  waitsFor: Set<Flight> | undefined = undefined
  /** The run that loads it. */
  carrier: Carrier | undefined = undefined
  /** Its place in the order of calls and flights. */
  place = 0
  /** Whether it takes its lease from any holder. */
  forced = false
  /** Whether it loads even if a value is stored. */
  anew = false
  /** The family that it is counted in. */
  family: Family | undefined = undefined
  /** Whether no caller waits for it. */
  isBackground = false
  /** Whether its loader has been called. */
  loaderBegan = false
  /** Whether its loader has ended. Code that a loader left running still names the flight as its context. */
  loaderEnded = false
  /** Whether its callers were told that it takes too long. */
  timedOut = false
  /** The loaded value while it is being stored. A caller that has no more time gets it. */
  loaded: Outcome | undefined = undefined
  /** The time by which it ends at the latest. */
  endsByMs: number = Infinity
  /** Whether its lease was used or given back. */
  settled = false
  /** The outcome for its callers; `undefined` as long as they wait. */
  result: Outcome | undefined = undefined
  #outcome: Promise<Outcome> | undefined = undefined
  #resolve: ((outcome: Outcome) => void) | undefined = undefined

  constructor(
    owner: object,
    lease: Lease,
    reading: Reading,
    startedAtMs: number,
    calledAtMs: number,
    parent: Flight | undefined,
    present: Stored | undefined,
  ) {
    this.key = lease.key
    this.owner = owner
    this.lease = lease
    this.reading = reading
    this.startedAtMs = startedAtMs
    this.calledAtMs = calledAtMs
    this.parent = parent
    this.present = present
  }

  /**
   * The future outcome for its callers. It never rejects, because the failure has no handler if all callers have left.
   */
  get outcome(): Promise<Outcome> {
    // Callers that wait for the run need no promise of the flight.
    this.#outcome ??=
      this.result === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve
          })
        : Promise.resolve(this.result)
    return this.#outcome
  }

  /** Gives all waiting callers a result. The first one stands. */
  succeed(outcome: Outcome): void {
    if (this.result !== undefined) return
    this.result = outcome
    this.#resolve?.(outcome)
  }

  /** Gives all waiting callers the one error. */
  fail(error: unknown): void {
    this.succeed(failedWith(error))
  }
}
