import type { Clock, TimerHandle, Timers } from '../../core/clock.ts'

/** Something that must be over in time: a link of the list of all that wait. */
export abstract class Timed {
  dueMs = 0
  next: Timed | undefined = undefined
  previous: Timed | undefined = undefined

  /** It was not over in time; it waits no longer. */
  abstract expire(): void
}

/** How long to look for answers that have arrived already while the process was busy. */
const LAST_LOOK_MS = 1

/**
 * One timer for all that wait equally long: a list in the order in which they are due, whose first sets the timer.
 * What ends in time is taken off the list and leaves the timer as it is.
 */
export class Deadlines {
  readonly hardMs: number
  readonly #clock: Clock
  readonly #timers: Timers
  #first: Timed | undefined = undefined
  #last: Timed | undefined = undefined
  #timer: TimerHandle = undefined
  // What was due at the last look: the event loop may have been blocked, and the answer be there unread.
  #overdueMs = -Infinity

  constructor(hardMs: number, clock: Clock, timers: Timers) {
    this.hardMs = hardMs
    this.#clock = clock
    this.#timers = timers
  }

  add(entry: Timed): void {
    entry.dueMs = this.#clock.now() + this.hardMs
    const last = this.#last
    entry.previous = last
    if (last === undefined) this.#first = entry
    else last.next = entry
    this.#last = entry
    if (this.#timer === undefined) this.#arm(this.hardMs)
  }

  remove(entry: Timed): void {
    const { previous, next } = entry
    if (previous === undefined) {
      if (this.#first !== entry) return
      this.#first = next
    } else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    entry.previous = undefined
    entry.next = undefined
  }

  /** Everything that waits, the oldest first; it may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Timed, void> {
    let entry = this.#first
    while (entry !== undefined) {
      const { next } = entry
      yield entry
      entry = next
    }
  }

  /** Resolves when the promise is settled, either way, or when the deadline has passed. */
  within(promise: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const patience = new Patience(resolve)
      this.add(patience)
      const end = (): void => {
        this.remove(patience)
        resolve()
      }
      promise.then(end, end)
    })
  }

  close(): void {
    if (this.#timer !== undefined) this.#timers.clear(this.#timer)
    this.#timer = undefined
  }

  #arm(delayMs: number): void {
    this.#timer = this.#timers.set(() => this.#look(), delayMs, 'awaited')
  }

  #look(): void {
    this.#timer = undefined
    const nowMs = this.#clock.now()
    let first = this.#first
    while (first !== undefined && first.dueMs <= this.#overdueMs) {
      this.remove(first)
      first.expire()
      first = this.#first
    }
    if (first === undefined) return
    if (first.dueMs > nowMs) return this.#arm(Math.max(LAST_LOOK_MS, first.dueMs - nowMs))
    this.#overdueMs = nowMs
    this.#arm(LAST_LOOK_MS)
  }
}

class Patience extends Timed {
  readonly expire: () => void

  constructor(expire: () => void) {
    super()
    this.expire = expire
  }
}
