import type { Clock, TimerHandle, Timers } from '../../../core/time/clock.ts'

/** A wait that must end in time, and a link in the list of all waits. */
export abstract class Timed {
  dueMs = 0
  /** Whether most of its time had passed before it began. */
  isShort = false
  next: Timed | undefined = undefined
  previous: Timed | undefined = undefined

  /** Ends the wait, because its time is over. */
  abstract expire(): void

  /** Called shortly before it is due. */
  soon(_nowMs: number): void {}

  /** Returns the milliseconds that it may take in addition. Called each time when it is due. */
  longerMs(_nowMs: number): number {
    return 0
  }
}

/** The time of a last look for answers that arrived while the process was busy. */
const LAST_LOOK_MS = 1
/** The shortest wait, because the process may have been busy for all of the time before. */
const LEAST_MS = 20
/** The interval of looking if the process was busy. */
export const LOOK_MS = 100
/** The lateness of a timer from which the process counts as held up. */
const NOTABLE_MS = 20
/** The interval of looks at waits that may take longer. */
const LATE_LOOK_MS = 20

/**
 * One timer for all waits of equal length. They are a list in the order in which they are due, and the first sets the
 * timer. A wait that ends in time leaves the list and does not touch the timer. A due wait that may take longer is kept
 * apart. Time in which this process could do nothing does not count, because the process may not even have sent the
 * command.
 */
export class Deadlines {
  readonly hardMs: number
  readonly #clock: Clock
  readonly #timers: Timers
  #first: Timed | undefined = undefined
  #last: Timed | undefined = undefined
  readonly #late = new Set<Timed>()
  #timer: TimerHandle = undefined
  #expectedMs = 0
  // The time of the last look with due waits. They get another look, because their answers may be there unread.
  #overdueMs = -Infinity

  constructor(hardMs: number, clock: Clock, timers: Timers) {
    this.hardMs = hardMs
    this.#clock = clock
    this.#timers = timers
  }

  /** Returns the rest of the call's time when a promise is settled. */
  async leftAfter(waiting: Promise<void>, withinMs: number = this.hardMs): Promise<number> {
    const beganMs = this.#clock.now()
    await waiting
    return withinMs - (this.#clock.now() - beganMs)
  }

  /** Begins a wait, for the hard deadline or for the rest of it. */
  add(entry: Timed, withinMs: number = Infinity): void {
    const nowMs = this.#clock.now()
    const ownMs = Math.max(LEAST_MS, withinMs)
    entry.dueMs = nowMs + Math.min(this.hardMs, ownMs)
    if (withinMs < this.hardMs) {
      entry.isShort = ownMs < this.hardMs / 2
      // The timer may be set for a wait that is due later.
      if (this.#first !== undefined && this.#first.dueMs > entry.dueMs) this.close()
    }
    let previous = this.#last
    while (previous !== undefined && previous.dueMs > entry.dueMs) previous = previous.previous
    const next = previous === undefined ? this.#first : previous.next
    entry.previous = previous
    entry.next = next
    if (previous === undefined) this.#first = entry
    else previous.next = entry
    if (next === undefined) this.#last = entry
    else next.previous = entry
    if (this.#timer === undefined) this.#arm(entry.dueMs - nowMs)
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

  /** Yields all waits, the oldest first. They may be removed meanwhile. */
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

  #arm(dueInMs: number): void {
    const delayMs = Math.min(dueInMs, LOOK_MS)
    this.#expectedMs = this.#clock.now() + delayMs
    this.#timer = this.#timers.set(() => this.#look(), delayMs, 'awaited')
  }

  // The order is kept, because no wait gets more than all of its time again.
  #prolong(nowMs: number, byMs: number): void {
    for (const late of this.#late) late.dueMs += byMs
    for (let entry = this.#first; entry !== undefined; entry = entry.next)
      entry.dueMs = Math.min(entry.dueMs + byMs, nowMs + this.hardMs)
  }

  #look(): void {
    this.#timer = undefined
    const nowMs = this.#clock.now()
    const lateMs = nowMs - this.#expectedMs
    if (lateMs > NOTABLE_MS) this.#prolong(nowMs, lateMs)
    for (const late of this.#late) if (late.dueMs <= this.#overdueMs) this.#extend(late, nowMs)
    let first = this.#first
    while (first !== undefined && first.dueMs <= this.#overdueMs) {
      this.#extend(first, nowMs)
      first = this.#first
    }
    for (let soon = first; soon !== undefined && soon.dueMs - nowMs <= 2 * LOOK_MS; soon = soon.next)
      soon.soon(nowMs)
    const isLate = this.#late.size > 0
    if (first === undefined && !isLate) return
    const firstMs = first === undefined ? Infinity : first.dueMs - nowMs
    if (firstMs <= 0 || isLate) this.#overdueMs = nowMs
    if (firstMs <= 0) this.#arm(LAST_LOOK_MS)
    else this.#arm(Math.max(LAST_LOOK_MS, Math.min(firstMs, isLate ? LATE_LOOK_MS : Infinity)))
  }

  #extend(entry: Timed, nowMs: number): void {
    const longerMs = entry.longerMs(nowMs)
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
