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
  /** The tags that its entry will bear, and what the caller who began it asks for. */
  readonly reading: Reading
  /** Marks the flight from its first moment; replaced while no load has begun and a write has voided it. */
  lease: Lease
  /** What the key held when the flight began, if that was read. */
  present: Stored | undefined
  /** Loads that this one waits for, because its loader asked for their keys. */
  waitsFor: Set<Flight> | undefined
  /** The load whose loader began this one. */
  readonly parent: Flight | undefined
  readonly outcome: Promise<Outcome>
  /** The run that loads it. */
  carrier: Carrier | undefined
  /** Callers who wait for it; `Infinity` for one in the background, which nobody abandons. */
  waiting = 1
  /** Whether it loads whatever is stored. */
  forced = false
  /** Whether its loader has been called. */
  loaderBegan = false
  /** Whether its loader has ended. Code that a loader left running still names the flight as its context. */
  loaderEnded = false
  /** Whether its callers have their answer. */
  done = false
  /** Whether that was that it takes too long. */
  timedOut = false
  /** Whether its lease has been used, or given back. */
  settled = false
  #resolve!: (outcome: Outcome) => void

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
    // It never rejects: every caller may have left, and the failure is then nobody's.
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Gives all who wait a result. */
  succeed(outcome: Outcome): void {
    this.done = true
    this.#resolve(outcome)
  }

  /** Gives all who wait the one error. */
  fail(error: unknown): void {
    this.succeed({ stored: undefined, value: undefined, own: false, failure: [error] })
  }
}
