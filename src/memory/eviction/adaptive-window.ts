import type { Bounds, EvictionPolicy } from './eviction-policy.ts'
import { WindowTuner } from './window-tuner.ts'

/** Feeds a tuner with the sampled accesses of a map, and gives the policy the window that the tuner finds best. */
export class AdaptiveWindow {
  readonly #policy: EvictionPolicy
  readonly #bounds: Bounds
  readonly #fixed: boolean
  // Absent while the window is fixed. Else absent until the map is half full for the first time, because a map that
  // never fills needs no tuner.
  #tuner: WindowTuner | undefined

  constructor(policy: EvictionPolicy, bounds: Bounds, fixed: boolean) {
    this.#policy = policy
    this.#bounds = bounds
    this.#fixed = fixed
  }

  /**
   * Notes the write of a key that the map does not hold. Returns whether to mark its entry. `slots` are those in use.
   */
  insertion(hash: number, weight: number, slots: ReadonlyMap<unknown, number>): boolean {
    if (this.#tuner === undefined && !this.#fixed) this.#start(slots)
    if (this.#tuner === undefined || !this.#tuner.samples(hash)) return false
    this.#access(hash, weight, 0)
    return true
  }

  /** Notes a use of a marked entry. */
  hit(slot: number): void {
    this.#access(this.#policy.hashOf(slot), this.#policy.weightOf(slot), 1)
  }

  /** Notes a removal on request or for age. The miniature caches forget the entry, too. */
  forget(slot: number): void {
    if (this.#policy.isMarked(slot)) this.#tuner?.forget(this.#policy.hashOf(slot))
  }

  clear(): void {
    this.#tuner?.clear()
  }

  #access(hash: number, weight: number, hit: number): void {
    const tuner = this.#tuner
    if (tuner !== undefined && tuner.access(hash, weight, hit)) this.#policy.windowShare = tuner.windowShare
  }

  #start(slots: ReadonlyMap<unknown, number>): void {
    const { maxEntries, maxWeight } = this.#bounds
    const policy = this.#policy
    const fullness = Math.max(slots.size / maxEntries, policy.weight / maxWeight)
    if (fullness < 0.5) return
    const tuner = new WindowTuner(this.#bounds, slots.size / fullness)
    for (const slot of slots.values()) {
      const hash = policy.hashOf(slot)
      if (!tuner.samples(hash)) continue
      policy.mark(slot)
      tuner.access(hash, policy.weightOf(slot), 0)
    }
    this.#tuner = tuner
  }
}
