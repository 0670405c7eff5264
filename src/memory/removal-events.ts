import type { AdaptiveWindow } from './eviction/adaptive-window.ts'
import { NO_SLOT, type EvictionPolicy } from './eviction/eviction-policy.ts'
import type { Expiry } from './expiry.ts'
import { CLEARED, EVICTED, EXPIRED, type Removals } from './removals.ts'
import type { Slots } from './eviction/slots.ts'

/** The parts of a map. */
export interface Parts<K, V> {
  readonly slots: Slots<K, V>
  readonly policy: EvictionPolicy
  readonly expiry: Expiry
  readonly removals: Removals<K, V>
  readonly window: AdaptiveWindow
}

/** Removes the entries of a map for room, for age and on request. Its callers tell the listeners. */
export class RemovalEvents<K, V> {
  readonly #slots: Slots<K, V>
  readonly #policy: EvictionPolicy
  readonly #expiry: Expiry
  readonly #removals: Removals<K, V>
  readonly #window: AdaptiveWindow
  // Whether no listener wants keys and values.
  readonly #silent: boolean

  constructor({ slots, policy, expiry, removals, window }: Parts<K, V>) {
    this.#slots = slots
    this.#policy = policy
    this.#expiry = expiry
    this.#removals = removals
    this.#window = window
    this.#silent = !removals.listening
  }

  /** Evicts entries and returns a free slot, or `NO_SLOT` if the new entry is not worth it. */
  makeRoom(hash: number, weight: number): number {
    const policy = this.#policy
    const competes = policy.outweighsWindow(weight)
    for (;;) {
      const slot = competes ? policy.evictFor(hash, weight) : policy.evict()
      if (slot === NO_SLOT) return NO_SLOT
      this.#vacate(slot, this.#expiry.end(slot) ? EXPIRED : EVICTED)
      if (!policy.isFull(weight)) return slot
      this.#slots.putAway(slot)
    }
  }

  /** Evicts until the bounds hold, after an entry was made heavier. */
  shed(): void {
    do {
      const slot = this.#policy.evict()
      this.#vacate(slot, this.#expiry.end(slot) ? EXPIRED : EVICTED)
      this.#slots.putAway(slot)
    } while (this.#policy.isOverweight)
  }

  /** Removes an entry on request or for age. */
  drop(slot: number, cause: number): void {
    this.#window.forget(slot)
    this.#policy.remove(slot)
    this.#expiry.clear(slot)
    this.#vacate(slot, cause)
    this.#slots.putAway(slot)
  }

  /** Removes all. The frequencies of keys stay known. */
  clear(): void {
    const { index, keys, values } = this.#slots
    for (const slot of index.values()) {
      const cause = this.#expiry.isDue(slot) ? EXPIRED : CLEARED
      this.#removals.note(keys[slot] as K, values[slot] as V, cause)
    }
    this.#expiry.clearAll()
    this.#policy.clear()
    this.#window.clear()
    this.#slots.clear()
  }

  // A slot that the next entry takes at once keeps its old key and value until they are overwritten.
  #vacate(slot: number, cause: number): void {
    const slots = this.#slots
    const key = slots.keys[slot] as K
    if (this.#silent) this.#removals.count(cause)
    else this.#removals.note(key, slots.values[slot] as V, cause)
    slots.index.delete(key)
  }
}
