import type { Clock, TimerHandle, Timers } from '../core/time/clock.ts'

const ENTRIES_PER_TICK = 20_000
const ENTRIES_PER_EVICTION = 16
const TICK_GAP_MS = 1000
// A small area that was swept has time, because what ends in it takes little room.
const SMALL = 1000
const SMALL_TICK_GAP_MS = 60_000

/** Settings of a {@link StateArea}. */
export interface StateAreaOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** The most states that it holds. */
  readonly maxEntries: number
}

interface State<V> {
  value: V
  deadlineMs: number
  used: number
}

/**
 * The states of limits or locks, apart from cached values. They are removed for age or on request. A full area also
 * forgets states of which little is used, but none that is used up. A flood of keys therefore does not lift a limit.
 */
export class StateArea<V> {
  readonly #states = new Map<string, State<V>>()
  readonly #maxEntries: number
  readonly #clock: Clock
  readonly #timers: Timers
  /** The place where the next look goes on. The iterator of a Map tolerates changes. */
  #position: IterableIterator<[string, State<V>]> | undefined
  #timer: TimerHandle
  #closed = false

  constructor({ clock, timers, maxEntries }: StateAreaOptions) {
    this.#clock = clock
    this.#timers = timers
    this.#maxEntries = maxEntries
  }

  /** The number of states, including expired ones that were not found yet. */
  get size(): number {
    return this.#states.size
  }

  /** Returns the state of a key, or `undefined` if there is none or it has expired. */
  get(key: string): V | undefined {
    const state = this.#states.get(key)
    if (state === undefined) return undefined
    if (this.#clock.now() < state.deadlineMs) return state.value
    this.#states.delete(key)
    return undefined
  }

  /**
   * Stores a state for the given milliseconds. `false` = there is no room, and nothing has changed. `used` (0 to 1)
   * tells a full area which states to forget first.
   */
  put(key: string, value: V, ttlMs: number, used = 0): boolean {
    const deadlineMs = this.#clock.now() + ttlMs
    const state = this.#states.get(key)
    if (state !== undefined) {
      state.value = value
      state.deadlineMs = deadlineMs
      state.used = used
      return true
    }
    if (this.#states.size >= this.#maxEntries && !this.#forgetOne()) return false
    this.#states.set(key, { value, deadlineMs, used })
    if (this.#states.size === SMALL) this.#disarm()
    this.#schedule(TICK_GAP_MS)
    return true
  }

  /** Removes a state. Returns whether there was an unexpired one. */
  delete(key: string): boolean {
    const existed = this.get(key) !== undefined
    this.#states.delete(key)
    return existed
  }

  /** Removes all states. */
  clear(): void {
    this.#states.clear()
    this.#position = undefined
  }

  /** Stops the timer for good. */
  close(): void {
    this.#closed = true
    this.#disarm()
  }

  #disarm(): void {
    if (this.#timer === undefined) return
    this.#timers.clear(this.#timer)
    this.#timer = undefined
  }

  #schedule(gapMs: number): void {
    if (this.#timer !== undefined || this.#closed || this.#states.size === 0) return
    this.#timer = this.#timers.set(() => {
      this.#timer = undefined
      this.#sweep()
      this.#schedule(this.#states.size < SMALL ? SMALL_TICK_GAP_MS : TICK_GAP_MS)
    }, gapMs)
  }

  #sweep(): void {
    const nowMs = this.#clock.now()
    for (let looks = 0; looks < ENTRIES_PER_TICK; looks++) {
      const next = this.#next()
      if (next === undefined) return
      const [key, { deadlineMs }] = next
      if (deadlineMs <= nowMs) this.#states.delete(key)
    }
  }

  // Forgets the least used one of a few states. Among equal ones it is the first to end. Returns whether there was one.
  #forgetOne(): boolean {
    const nowMs = this.#clock.now()
    let least: [string, State<V>] | undefined
    for (let looks = 0; looks < ENTRIES_PER_EVICTION; looks++) {
      const next = this.#next() ?? this.#next()
      if (next === undefined) break
      if (next[1].deadlineMs <= nowMs) next[1].used = -1
      if (next[1].used < 1 && (least === undefined || isBefore(next[1], least[1]))) least = next
    }
    return least !== undefined && this.#states.delete(least[0])
  }

  /** Returns the next state in turn, or `undefined` at the end, after which it starts anew. */
  #next(): [string, State<V>] | undefined {
    this.#position ??= this.#states.entries()
    const { done, value } = this.#position.next()
    if (done !== true) return value
    this.#position = undefined
    return undefined
  }
}

function isBefore<V>(one: State<V>, other: State<V>): boolean {
  return one.used === other.used ? one.deadlineMs < other.deadlineMs : one.used < other.used
}
