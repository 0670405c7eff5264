import { FIRST_SLOT } from './eviction-policy.ts'

const INITIAL_CAPACITY = 64

/**
 * The slots of a map. Each entry has a slot, a number by which all parts of the map know it. Slots are reused. The
 * arrays are read at every hit. An object that keeps one asks for it again after {@link grow}.
 */
export class Slots<K, V> {
  readonly index: Map<K, number> = new Map()
  readonly free: number[] = []
  keys: (K | undefined)[]
  values: (V | undefined)[]
  capacity: number
  /** The first of the slots that were never used. */
  end: number = FIRST_SLOT
  readonly #most: number

  constructor(maxEntries: number) {
    this.#most = maxEntries
    this.capacity = Math.min(INITIAL_CAPACITY, maxEntries)
    this.keys = array(this.capacity)
    this.values = array(this.capacity)
  }

  /** Whether no slot is left to take before it grows. */
  get isFull(): boolean {
    return this.free.length === 0 && this.end - FIRST_SLOT === this.capacity
  }

  /** Takes a slot without an entry. */
  take(): number {
    return this.free.pop() ?? this.end++
  }

  /** Puts an entry into a slot that was taken, or vacated. */
  fill(slot: number, key: K, value: V): void {
    this.keys[slot] = key
    this.values[slot] = value
    this.index.set(key, slot)
  }

  /** Keeps a vacated slot for later. */
  putAway(slot: number): void {
    this.keys[slot] = undefined
    this.values[slot] = undefined
    this.free.push(slot)
  }

  /** Doubles the slots, up to the bound of the map. */
  grow(): void {
    this.capacity = Math.min(this.capacity * 2, this.#most)
    this.keys = array(this.capacity, this.keys)
    this.values = array(this.capacity, this.values)
  }

  clear(): void {
    this.index.clear()
    this.keys.fill(undefined)
    this.values.fill(undefined)
    this.free.length = 0
    this.end = FIRST_SLOT
  }
}

function array<T>(capacity: number, old: readonly (T | undefined)[] = []): (T | undefined)[] {
  // Array.from takes ten times as long, and pushing leaves room for half as many again.
  // oxlint-disable-next-line unicorn/no-new-array
  const slots = new Array<T | undefined>(capacity + FIRST_SLOT).fill(undefined)
  for (let i = 0; i < old.length; i++) slots[i] = old[i]
  return slots
}
