import type { Lease, Reading, Stored } from '../core/store.ts'

/** What a load came to. */
export interface Outcome {
  /** The form from which each caller gets a copy, when the value can be stored, whether or not it was. */
  readonly stored: Stored | undefined
  /** The loader's own value, for when there is no stored form. */
  readonly value: unknown
  /**
   * Only for whoever began it: the loader had nothing for this key, or named a tag that was invalidated meanwhile. Who
   * has joined may load by himself.
   */
  readonly own: boolean
  /**
   * Its lease was void when it was to be stored. Another process may have invalidated the key before a caller came who
   * has joined: he loads once more, and what began after he came will do.
   */
  readonly late?: boolean
  /** Why there is none; in a list, since any value can be thrown. */
  readonly failure?: readonly [error: unknown]
}

/** What a flight asks of the run that it belongs to. */
export interface Carrier {
  /** Lets it begin though others wait before it: a load that is under way waits for it. */
  hurry(): void
  /** A caller has left. */
  left(reason: unknown): void
}

/** The load of one key that is under way in this process, and whoever waits for it. */
export class Flight {
  readonly key: string
  /** The pipeline it belongs to: another cache may load a key of the same name. */
  readonly owner: object
  readonly startedAtMs: number
  /** When the call that began it was made: its questions to the store, and `hardTimeout`, count from there. */
  readonly calledAtMs: number
  /** The tags that its entry will bear, and what the caller who began it asks for. */
  readonly reading: Reading
  /** The load whose loader began this one. */
  readonly parent: Flight | undefined
  /** What the key held when the flight began, if that was read. */
  readonly present: Stored | undefined
  /** Marks the flight from its first moment; replaced while no load has begun and a write has voided it. */
  lease: Lease
  /** Loads that this one waits for, because its loader asked for their keys. */
  waitsFor: Set<Flight> | undefined = undefined
  /** The run that loads it. */
  carrier: Carrier | undefined = undefined
  /** Callers who wait for it; `Infinity` for one in the background, which nobody abandons. */
  waiting = 1
  /** Whether it takes its lease from whoever has it. */
  forced = false
  /** Whether it loads whatever is stored. */
  anew = false
  /** Whether its loader has been called. */
  loaderBegan = false
  /** Whether its loader has ended. Code that a loader left running still names the flight as its context. */
  loaderEnded = false
  /** Whether its callers were told that it takes too long. */
  timedOut = false
  /** The loaded value, while it is being stored: a caller that has no more time gets it. */
  loaded: Outcome | undefined = undefined
  /** Until when it takes at most. */
  endsByMs: number = Infinity
  /** Whether its lease has been used, or given back. */
  settled = false
  /** What its callers get; `undefined` as long as they wait. */
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

  /** What its callers will get. It never rejects: all of them may have left, and a failure is then nobody's. */
  get outcome(): Promise<Outcome> {
    // Whoever waits for the run needs no promise of the flight.
    this.#outcome ??=
      this.result === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve
          })
        : Promise.resolve(this.result)
    return this.#outcome
  }

  /** Gives all who wait a result; the first one stands. */
  succeed(outcome: Outcome): void {
    if (this.result !== undefined) return
    this.result = outcome
    this.#resolve?.(outcome)
  }

  /** Gives all who wait the one error. */
  fail(error: unknown): void {
    this.succeed({ stored: undefined, value: undefined, own: false, failure: [error] })
  }
}
