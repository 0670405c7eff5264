import type { Clock, TimerHandle, Timers } from '../../core/clock.ts'

/** Something that must be over in time: a link of the list of all that wait. */
export abstract class Timed {
  dueMs = 0
  next: Timed | undefined = undefined
  previous: Timed | undefined = undefined

  /** It was not over in time; it waits no longer. */
  abstract expire(): void

  /** How much longer it may take; asked whenever it is due. */
  longerMs(): number {
    return 0
  }
}

/** How long to look for answers that have arrived already while the process was busy. */
const LAST_LOOK_MS = 1
/** How often those that may take longer are looked at. */
const LATE_LOOK_MS = 20

/**
 * One timer for all that wait equally long: a list in the order in which they are due, whose first sets the timer.
 * What ends in time is taken off the list and leaves the timer as it is. What is due and may take longer is kept apart.
 */
export class Deadlines {
  readonly hardMs: number
  readonly #clock: Clock
  readonly #timers: Timers
  #first: Timed | undefined = undefined
  #last: Timed | undefined = undefined
  readonly #late = new Set<Timed>()
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
      if (this.#first !== entry) return void this.#late.delete(entry)
      this.#first = next
    } else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    entry.previous = undefined
    entry.next = undefined
  }

  /** Everything that waits, the oldest first; it may be removed meanwhile. */
  *[Symbol.iterator](): Generator<Timed, void> {
    yield* this.#late
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
    for (const late of this.#late) if (late.dueMs <= this.#overdueMs) this.#extend(late)
    let first = this.#first
    while (first !== undefined && first.dueMs <= this.#overdueMs) {
      this.#extend(first)
      first = this.#first
    }
    const isLate = this.#late.size > 0
    if (first === undefined && !isLate) return
    const firstMs = first === undefined ? Infinity : first.dueMs - nowMs
    if (firstMs <= 0 || isLate) this.#overdueMs = nowMs
    if (firstMs <= 0) this.#arm(LAST_LOOK_MS)
    else this.#arm(Math.max(LAST_LOOK_MS, Math.min(firstMs, isLate ? LATE_LOOK_MS : Infinity)))
  }

  #extend(entry: Timed): void {
    const longerMs = entry.longerMs()
    this.remove(entry)
    if (longerMs <= 0) return entry.expire()
    entry.dueMs += longerMs
    this.#late.add(entry)
  }
}

class Patience extends Timed {
  readonly expire: () => void

  constructor(expire: () => void) {
    super()
    this.expire = expire
  }
}
