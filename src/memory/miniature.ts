import { mix } from '../internal/hash.ts'
import { createPolicy } from './create-policy.ts'
import { FIRST_SLOT, NO_SLOT, noteHit } from './eviction-policy.ts'
import type { Bounds, EvictionPolicy } from './eviction-policy.ts'

/**
 * A cache in miniature that holds hashes only: what a cache with this window would have hit, told from the
 * sampled part of its keys (Waldspurger, Saemundsson, Ahmad and Park, "Cache Modeling and Optimization using
 * Miniature Simulations", 2017). A collision of two hashes costs it a wrong hit, and nobody anything else.
 */
export class Miniature {
  readonly #index = new Map<number, number>()
  readonly #free: number[] = []
  readonly #policy: EvictionPolicy
  readonly windowShare: number
  #capacity: number

  constructor(bounds: Bounds, windowShare: number, capacity: number) {
    this.windowShare = windowShare
    this.#capacity = capacity
    this.#policy = createPolicy(bounds, windowShare, capacity)
  }

  /** Plays an access; whether it was a hit. */
  access(sampledHash: number, weight: number): boolean {
    // Sampled hashes agree in their high bits, which the sketch needs to differ.
    const hash = mix(sampledHash)
    const slot = this.#index.get(hash)
    if (slot !== undefined) {
      noteHit(this.#policy.states, slot)
      return true
    }
    const uses = this.#policy.miss(hash)
    const heavy = this.#policy.outweighsWindow(weight)
    while (this.#policy.isFull(weight)) {
      const evicted = heavy ? this.#policy.evictFor(hash, weight) : this.#policy.evict()
      if (evicted === NO_SLOT) return false
      this.#release(evicted)
    }
    this.#add(hash, weight, uses)
    return false
  }

  /** Removes a key that was removed from the cache itself. */
  forget(sampledHash: number): void {
    const hash = mix(sampledHash)
    const slot = this.#index.get(hash)
    if (slot === undefined) return
    this.#policy.remove(slot)
    this.#release(slot)
  }

  /** Removes all. */
  clear(): void {
    this.#policy.clear()
    this.#index.clear()
    this.#free.length = 0
  }

  #add(hash: number, weight: number, uses: number): void {
    const slot = this.#free.pop() ?? this.#index.size + FIRST_SLOT
    if (slot >= this.#capacity + FIRST_SLOT) {
      this.#capacity *= 2
      this.#policy.grow(this.#capacity)
    }
    this.#policy.add(slot, hash, weight, uses)
    this.#index.set(hash, slot)
  }

  #release(slot: number): void {
    this.#index.delete(this.#policy.hashOf(slot))
    this.#free.push(slot)
  }
}
