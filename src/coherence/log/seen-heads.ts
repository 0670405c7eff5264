import type { Epoch, EpochId, Head, LogEntry } from '../../core/remote/log.ts'

/** The facts that a node knows of one entry of the log. */
export interface SeenHead {
  readonly epoch: Epoch
  readonly counter: number
  readonly stamp: string
}

/**
 * The entries of a partition's log that a node has seen beyond those it has applied. If a server that is asked later
 * does not know them, it has lost them (docs/coherence.md, C9). Before that, it is only late.
 */
export class SeenHeads {
  /** The newest epoch known, applied or seen. */
  #epoch: Epoch | undefined
  #epochSeenAtMs = -Infinity
  // Entries of that epoch beyond the applied one.
  readonly #ahead = new Map<number, { readonly stamp: string; readonly atMs: number }>()
  // Entries of that epoch that are applied while the server is being asked.
  #isAsked = false
  readonly #passed = new Map<number, string>()
  // The time at which something was seen that no later history of this epoch can explain.
  #clashAtMs = Infinity

  /** The ordinal of the newest epoch known; 0 = none. */
  get ordinal(): number {
    return this.#epoch?.ordinal ?? 0
  }

  /** Notes an entry beyond the applied ones, seen in a message or in the reply to an operation of this node. */
  see({ epoch, counter, stamp }: SeenHead, atMs: number): void {
    if (epoch.ordinal < this.ordinal) return
    if (epoch.ordinal > this.ordinal) {
      this.#follow(epoch)
      this.#epochSeenAtMs = atMs
    } else if (!sameEpoch(epoch, this.#epoch!)) return this.#clash(atMs)
    const seen = this.#ahead.get(counter)
    if (seen === undefined) this.#ahead.set(counter, { stamp, atMs })
    else if (seen.stamp !== stamp) this.#clash(atMs)
  }

  /** Notes that the server is being asked. Its answer is compared with the entries that are applied from now on. */
  asked(): void {
    this.settled()
    this.#isAsked = true
  }

  /** Notes that the server has answered, or will not. */
  settled(): void {
    this.#isAsked = false
    this.#passed.clear()
  }

  /** Notes that an entry was applied. */
  applied({ counter, stamp }: SeenHead, atMs: number): void {
    const seen = this.#ahead.get(counter)
    if (seen !== undefined && seen.stamp !== stamp) this.#clash(atMs)
    this.#ahead.delete(counter)
    if (this.#isAsked) this.#passed.set(counter, stamp)
  }

  /** Notes that a head was adopted with all that it implies. */
  adopted(head: Head): void {
    this.#clashAtMs = Infinity
    if (this.#epoch === undefined || !sameEpoch(this.#epoch, head.epoch)) this.#follow(head.epoch)
    this.#epochSeenAtMs = -Infinity
    this.passed(head)
  }

  /** Counts everything up to this head as applied, whether or not the log still has it. */
  passed(head: Head): void {
    for (const counter of this.#ahead.keys()) if (counter <= head.counter) this.#ahead.delete(counter)
  }

  /** Whether entries were seen that are not applied. */
  get isAhead(): boolean {
    return this.#ahead.size > 0
  }

  /** Whether a server that was asked at `askedAtMs`, and answered this, has lost something that was seen before. */
  contradict(head: Head, entries: readonly LogEntry[], askedAtMs: number): boolean {
    if (this.#epoch === undefined || head.epoch.ordinal > this.ordinal) return false
    if (this.#clashAtMs < askedAtMs) return true
    if (!sameEpoch(head.epoch, this.#epoch)) {
      return head.epoch.ordinal === this.ordinal || this.#epochSeenAtMs < askedAtMs
    }
    const stamps = new Map(entries.map(({ counter, stamp }) => [counter, stamp])).set(
      head.counter,
      head.stamp,
    )
    for (const [counter, stamp] of this.#passed) if ((stamps.get(counter) ?? stamp) !== stamp) return true
    for (const [counter, { stamp, atMs }] of this.#ahead) {
      if (counter > head.counter ? atMs < askedAtMs : (stamps.get(counter) ?? stamp) !== stamp) return true
    }
    return false
  }

  // Notes that the log was seen to be of two histories. Only a newer epoch resolves that.
  #clash(atMs: number): void {
    this.#clashAtMs = Math.min(this.#clashAtMs, atMs)
  }

  #follow(epoch: Epoch): void {
    this.#epoch = epoch
    this.#ahead.clear()
    this.#passed.clear()
  }
}

/** Whether two epochs are one. */
export function sameEpoch(a: EpochId, b: EpochId): boolean {
  return a.ordinal === b.ordinal && a.random === b.random
}
