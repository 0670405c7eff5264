import type { ResolvedOptions } from './bounded-map-options.ts'
import { AdaptiveWindow } from './eviction/adaptive-window.ts'
import { createPolicy } from './eviction/create-policy.ts'
import { NO_SLOT, type EvictionPolicy } from './eviction/eviction-policy.ts'
import { Slots } from './eviction/slots.ts'
import { INITIAL_WINDOW_SHARE } from './eviction/window-tuner.ts'
import { Expiry, type ExpiryOwner } from './expiry.ts'
import { CLEARED, EVICTED, EXPIRED, Removals } from './removals.ts'

/**
 * The entries of a map with their deadlines and their worth. It removes them for room, for age and on request. Its
 * callers tell the listeners.
 */
export class MapState<K, V> implements ExpiryOwner {
  readonly slots: Slots<K, V>
  readonly policy: EvictionPolicy
  readonly expiry: Expiry
  readonly window: AdaptiveWindow
  readonly removals: Removals<K, V>

  constructor(options: ResolvedOptions<K, V>, fixedWindowShare: number | undefined) {
    const share = fixedWindowShare ?? INITIAL_WINDOW_SHARE
    this.slots = new Slots(options.maxEntries)
    this.policy = createPolicy(options, share, this.slots.capacity)
    this.window = new AdaptiveWindow(this.policy, options, fixedWindowShare !== undefined)
    this.removals = new Removals(options.onRemoval)
    this.expiry = new Expiry(this, options.clock, options.timers, this.policy.states)
  }

  /** Doubles the slots. */
  grow(): void {
    this.slots.grow()
    this.policy.grow(this.slots.capacity)
    this.expiry.grow(this.policy.states)
  }

  slotsEnd(): number {
    return this.slots.end
  }

  expire(slot: number): void {
    this.removals.swept++
    this.drop(slot, EXPIRED)
  }

  swept(): void {
    this.removals.deliver()
  }

  /** Evicts entries and returns a free slot, or `NO_SLOT` if the new entry is not worth it. */
  makeRoom(hash: number, weight: number): number {
    const policy = this.policy
    const competes = policy.outweighsWindow(weight)
    for (;;) {
      const slot = competes ? policy.evictFor(hash, weight) : policy.evict()
      if (slot === NO_SLOT) return NO_SLOT
      this.#vacate(slot, this.expiry.end(slot) ? EXPIRED : EVICTED)
      if (!policy.isFull(weight)) return slot
      this.slots.putAway(slot)
    }
  }

  /** Evicts until the bounds hold, after an entry was made heavier. */
  shed(): void {
    do {
      const slot = this.policy.evict()
      this.#vacate(slot, this.expiry.end(slot) ? EXPIRED : EVICTED)
      this.slots.putAway(slot)
    } while (this.policy.isOverweight)
  }

  /** Removes an entry on request or for age. */
  drop(slot: number, cause: number): void {
    this.window.forget(slot)
    this.policy.remove(slot)
    this.expiry.clear(slot)
    this.#vacate(slot, cause)
    this.slots.putAway(slot)
  }

  /** Removes all. The frequencies of keys stay known. */
  clear(): void {
    const { index, keys, values } = this.slots
    for (const slot of index.values()) {
      const cause = this.expiry.isDue(slot) ? EXPIRED : CLEARED
      this.removals.note(keys[slot] as K, values[slot] as V, cause)
    }
    this.expiry.clearAll()
    this.policy.clear()
    this.window.clear()
    this.slots.clear()
  }

  // A slot that the next entry takes at once keeps its old key and value until they are overwritten.
  #vacate(slot: number, cause: number): void {
    const slots = this.slots
    const key = slots.keys[slot] as K
    if (this.removals.listening) this.removals.note(key, slots.values[slot] as V, cause)
    else this.removals.count(cause)
    slots.index.delete(key)
  }
}
