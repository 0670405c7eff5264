import type { Clock, TimerHandle, Timers } from './clock.ts'

const ENTRIES_PER_TICK = 20_000
const ENTRIES_PER_REFUSAL = 100
const TICK_GAP_MS = 1000
const DEFAULT_MAX_ENTRIES = 100_000

/** Settings of a {@link StateArea}. */
export interface StateAreaOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** The most states it holds; default 100,000. */
  readonly maxEntries?: number | undefined
}

interface State<V> {
  value: V
  deadlineMs: number
}

/**
 * States of limiters and locks, apart from cached values: they are never evicted, only removed for age or on
 * request, so that nobody can shake off a limit by writing many keys. When the area is full it takes no more.
 */
export class StateArea<V> {
  readonly #states = new Map<string, State<V>>()
  readonly #maxEntries: number
  readonly #clock: Clock
  readonly #timers: Timers
  /** Where the sweep goes on; the iterator of a Map stands changes made meanwhile. */
  #position: IterableIterator<[string, State<V>]> | undefined
  #timer: TimerHandle
  #closed = false

  constructor({ clock, timers, maxEntries = DEFAULT_MAX_ENTRIES }: StateAreaOptions) {
    this.#clock = clock
    this.#timers = timers
    this.#maxEntries = maxEntries
  }

  /** States it holds, those included that have expired and were not found yet. */
  get size(): number {
    return this.#states.size
  }

  /** The state of a key, `undefined` when there is none or it has expired. */
  get(key: string): V | undefined {
    const state = this.#states.get(key)
    if (state === undefined) return undefined
    if (this.#clock.now() < state.deadlineMs) return state.value
    this.#states.delete(key)
    return undefined
  }

  /** Stores a state for so many milliseconds; `false` when the area is full, and then nothing has changed. */
  put(key: string, value: V, ttlMs: number): boolean {
    const deadlineMs = this.#clock.now() + ttlMs
    const state = this.#states.get(key)
    if (state !== undefined) {
      state.value = value
      state.deadlineMs = deadlineMs
      return true
    }
    if (this.#states.size >= this.#maxEntries) {
      this.#sweep(ENTRIES_PER_REFUSAL)
      if (this.#states.size >= this.#maxEntries) return false
    }
    this.#states.set(key, { value, deadlineMs })
    this.#schedule()
    return true
  }

  /** Removes a state; whether there was an unexpired one. */
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
    if (this.#timer === undefined) return
    this.#timers.clear(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed || this.#states.size === 0) return
    this.#timer = this.#timers.set(() => {
      this.#timer = undefined
      this.#sweep(ENTRIES_PER_TICK)
      this.#schedule()
    }, TICK_GAP_MS)
  }

  #sweep(entries: number): void {
    const nowMs = this.#clock.now()
    for (let looks = 0; looks < entries; looks++) {
      this.#position ??= this.#states.entries()
      const { done, value } = this.#position.next()
      if (done === true) {
        this.#position = undefined
        return
      }
      const [key, { deadlineMs }] = value
      if (deadlineMs <= nowMs) this.#states.delete(key)
    }
  }
}
