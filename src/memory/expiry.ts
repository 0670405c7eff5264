import type { AgeClock } from '../core/time/age-clock.ts'
import type { TimerHandle, Timers } from '../core/time/clock.ts'
import { Deadlines } from './deadlines.ts'
import { FIRST_SLOT, TIMED } from './eviction/eviction-policy.ts'

const SLOTS_PER_TICK = 20_000
const TICK_BUDGET_MS = 4
const SLOTS_PER_CLOCK_LOOK = 64
const TICK_GAP_MS = 100
const SWEEP_GAP_MS = 1000
// A nearer deadline is judged by a new look at the clock, even if the callback was blocked meanwhile.
const NEAR_MS = 5000
// For a longer ttl the last look at the clock will do. Its deadline comes early by the time of a blocked callback,
// never late.
const LONG_MS = 1_000_000

/** The owner of the entries that expire. */
export interface ExpiryOwner {
  /** Returns a number above all slots in use. */
  slotsEnd(): number
  /** Removes an expired entry. */
  expire(slot: number): void
  /** Called after a tick that removed something. */
  swept(): void
}

/**
 * Keeps the deadlines of slots, which are checked when an entry is read, and sweeps expired entries that are never read
 * again. One timer takes at most 20,000 slots or 5 ms a tick. It does not run while nothing can expire.
 */
export class Expiry {
  // The states say which slots have a deadline, so that a reader need not look here.
  #states: Uint16Array
  readonly #deadlines: Deadlines
  readonly #owner: ExpiryOwner
  readonly #clock: AgeClock
  readonly #timers: Timers

  #timer: TimerHandle
  #timerAtMs = Infinity
  #closed = false

  /** The earliest deadline, or a time before it. */
  #nextDueMs = Infinity
  /** The position of the sweep under way; 0 if there is none. */
  #cursor = 0
  #lastSweepMs = -Infinity

  /** @param states those of the policy. Their bit `TIMED` is kept here. */
  constructor(owner: ExpiryOwner, clock: AgeClock, timers: Timers, states: Uint16Array) {
    this.#states = states
    this.#owner = owner
    this.#clock = clock
    this.#timers = timers
    this.#deadlines = new Deadlines(states.length, clock.now())
  }

  /** Makes room for as many slots as there are states. */
  grow(states: Uint16Array): void {
    this.#states = states
    this.#deadlines.grow(states.length)
  }

  /** Whether the entry of a slot has expired. */
  isDue(slot: number): boolean {
    if ((this.#states[slot]! & TIMED) === 0) return false
    const deadlineMs = this.#deadlines.at(slot)
    if (deadlineMs - this.#clock.now() > NEAR_MS) return false
    return this.#clock.preciseNow() >= deadlineMs
  }

  /** Returns the milliseconds until the entry of a slot expires. */
  remainingMs(slot: number): number {
    return this.#deadlines.at(slot) - this.#clock.now()
  }

  /** Sets the ttl of the entry of a slot, from now on. Not `Infinity`. */
  set(slot: number, ttlMs: number): void {
    this.#states[slot]! |= TIMED
    const nowMs = ttlMs < LONG_MS ? this.#clock.preciseNow() : this.#clock.now()
    const deadlineMs = nowMs + ttlMs
    this.#deadlines.set(slot, deadlineMs, nowMs)
    if (deadlineMs >= this.#nextDueMs) return
    this.#nextDueMs = deadlineMs
    if (this.#cursor === 0) this.#schedule(nowMs)
  }

  /** Forgets the deadline of a slot. */
  clear(slot: number): void {
    const state = this.#states[slot]!
    if ((state & TIMED) === 0) return
    this.#states[slot] = state & ~TIMED
    this.#deadlines.clear(slot)
  }

  /** Forgets the deadline of a slot. Returns whether it had passed. */
  end(slot: number): boolean {
    if ((this.#states[slot]! & TIMED) === 0) return false
    const isDue = this.isDue(slot)
    this.clear(slot)
    return isDue
  }

  /** Forgets all deadlines and stops the timer. */
  clearAll(): void {
    this.#deadlines.clearAll()
    this.#nextDueMs = Infinity
    this.#cursor = 0
    this.#disarm()
  }

  /** Stops the timer for good; entries still expire when they are read. */
  close(): void {
    this.#closed = true
    this.#disarm()
  }

  #arm(nowMs: number, delayMs: number): void {
    if (this.#closed) return
    this.#disarm()
    const delay = Math.ceil(delayMs)
    this.#timerAtMs = nowMs + delay
    this.#timer = this.#timers.set(() => this.#tick(), delay)
  }

  #disarm(): void {
    if (this.#timer === undefined) return
    this.#timers.clear(this.#timer)
    this.#timer = undefined
    this.#timerAtMs = Infinity
  }

  #schedule(nowMs: number): void {
    if (this.#cursor !== 0) this.#arm(nowMs, TICK_GAP_MS)
    else if (this.#nextDueMs !== Infinity) {
      const dueMs = Math.max(this.#nextDueMs, this.#lastSweepMs + SWEEP_GAP_MS)
      if (dueMs < this.#timerAtMs) this.#arm(nowMs, Math.max(1, dueMs - nowMs))
    }
  }

  #tick(): void {
    this.#timer = undefined
    this.#timerAtMs = Infinity
    const nowMs = this.#clock.now()
    if (this.#cursor !== 0 || this.#nextDueMs <= nowMs) this.#sweep(nowMs)
    this.#schedule(nowMs)
  }

  #sweep(nowMs: number): void {
    if (this.#cursor === 0) {
      this.#cursor = FIRST_SLOT
      this.#lastSweepMs = nowMs
      // Deadlines that are set or met from here on lower it again.
      this.#nextDueMs = Infinity
    }
    const startMs = this.#clock.running.now()
    let removed = false
    const end = Math.min(this.#owner.slotsEnd(), this.#cursor + SLOTS_PER_TICK)
    let slot = this.#cursor
    while (slot < end) {
      const deadlineMs = this.#deadlines.at(slot)
      if (deadlineMs <= nowMs) {
        this.#owner.expire(slot)
        removed = true
      } else if (deadlineMs < this.#nextDueMs) this.#nextDueMs = deadlineMs
      slot++
      if (slot % SLOTS_PER_CLOCK_LOOK === 0) {
        if (this.#clock.running.now() - startMs >= TICK_BUDGET_MS) break
      }
    }
    this.#cursor = slot < this.#owner.slotsEnd() ? slot : 0
    if (removed) this.#owner.swept()
  }
}
