import { mix } from '../../internal/hash.ts'
import { createPolicy } from './create-policy.ts'
import { FIRST_SLOT, NO_SLOT, noteHit } from './eviction-policy.ts'
import type { Bounds, EvictionPolicy } from './eviction-policy.ts'

/**
 * Caches in miniature that hold hashes only. They tell the hits that a cache with each of these windows would have had,
 * from the sampled part of its keys (Waldspurger, Saemundsson, Ahmad and Park, "Cache Modeling and Optimization using
 * Miniature Simulations", 2017). A collision of two hashes costs them a wrong hit and nothing else.
 *
 * A key has the same slot in all of them, so that a hit looks it up once.
 */
export class WindowSimulation {
  readonly #policies: readonly EvictionPolicy[]
  /** The slots by hash, for keys that are in at least one of them. */
  readonly #index = new Map<number, number>()
  readonly #free: number[] = []
  #end = FIRST_SLOT
  /** The number of entries that each of them has room for. They may have no entry in common. */
  #capacity: number

  constructor(bounds: Bounds, windowShares: readonly number[], capacity: number) {
    this.#capacity = capacity
    this.#policies = windowShares.map((share) => createPolicy(bounds, share, capacity))
    this.#makeRoom()
  }

  /** Plays an access. Returns the bit set of the miniatures that hit. */
  access(sampledHash: number, weight: number): number {
    // Sampled hashes agree in their high bits, which the sketch needs to differ.
    const hash = mix(sampledHash)
    let slot = this.#index.get(hash) ?? NO_SLOT
    let hits = 0
    for (let i = 0; i < this.#policies.length; i++) {
      const policy = this.#policies[i]!
      if (slot !== NO_SLOT && policy.holds(slot)) {
        noteHit(policy.states, slot, policy)
        hits |= 1 << i
      } else slot = this.#insert(policy, slot, hash, weight)
    }
    return hits
  }

  /** Removes a key that was removed from the cache itself. */
  forget(sampledHash: number): void {
    const hash = mix(sampledHash)
    const slot = this.#index.get(hash)
    if (slot === undefined) return
    for (const policy of this.#policies) if (policy.holds(slot)) policy.remove(slot)
    this.#release(slot, hash)
  }

  /** Removes all. */
  clear(): void {
    for (const policy of this.#policies) policy.clear()
    this.#index.clear()
    this.#free.length = 0
    this.#end = FIRST_SLOT
  }

  // Returns the slot of the key, which another miniature may have given it, or `NO_SLOT` if no miniature holds it.
  #insert(policy: EvictionPolicy, known: number, hash: number, weight: number): number {
    const uses = policy.miss(hash)
    const heavy = policy.outweighsWindow(weight)
    while (policy.isFull(weight)) {
      const evicted = heavy ? policy.evictFor(hash, weight) : policy.evict()
      if (evicted === NO_SLOT) return known
      this.#release(evicted, policy.hashOf(evicted))
    }
    if (policy.entries === this.#capacity) {
      this.#capacity *= 2
      this.#makeRoom()
    }
    const slot = known === NO_SLOT ? this.#take(hash) : known
    policy.add(slot, hash, weight, uses)
    return slot
  }

  #take(hash: number): number {
    const slot = this.#free.pop() ?? this.#end++
    this.#index.set(hash, slot)
    return slot
  }

  #release(slot: number, hash: number): void {
    for (let i = 0; i < this.#policies.length; i++) if (this.#policies[i]!.holds(slot)) return
    this.#index.delete(hash)
    this.#free.push(slot)
  }

  #makeRoom(): void {
    const slots = this.#capacity * this.#policies.length
    for (const policy of this.#policies) policy.grow(slots, this.#capacity)
  }
}
