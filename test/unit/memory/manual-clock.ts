import type { Clock, Timers } from '../../../src/core/time/clock.ts'

/** A clock and timers that stand still until told to go on; synchronous, for tests of synchronous parts. */
export class ManualClock implements Clock, Timers {
  readonly #timers = new Map<number, { dueMs: number; callback: () => void }>()
  #nowMs: number
  #lastTimer = 0

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#nowMs
  }

  wallNow(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  set(callback: () => void, delayMs: number): number {
    if (!(delayMs >= 0 && delayMs <= 2 ** 31 - 1)) throw new Error(`a timer of ${delayMs} ms`)
    this.#timers.set(++this.#lastTimer, { dueMs: this.#nowMs + delayMs, callback })
    return this.#lastTimer
  }

  clear(handle: unknown): void {
    this.#timers.delete(handle as number)
  }

  /** Passes time without running timers, as a busy event loop does. */
  skip(ms: number): void {
    this.#nowMs += ms
  }

  /** Passes time and runs timers as they become due. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    while (this.runNext(untilMs));
    this.#nowMs = Math.max(this.#nowMs, untilMs)
  }

  /** Runs the next timer due by then; whether there was one. */
  runNext(untilMs: number = Infinity): boolean {
    let next: number | undefined
    for (const [handle, timer] of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < this.#timers.get(next)!.dueMs))
        next = handle
    }
    if (next === undefined) return false
    const { dueMs, callback } = this.#timers.get(next)!
    this.#timers.delete(next)
    this.#nowMs = Math.max(this.#nowMs, dueMs)
    callback()
    return true
  }
}
