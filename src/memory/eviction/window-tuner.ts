import type { Bounds } from './eviction-policy.ts'
import { WindowSimulation } from './window-simulation.ts'

// Window sizes to choose from, evenly on a scale of ratios, from next to none to a clock without admission.
const WINDOW_SHARES = [0.01, 0.1, 0.4, 0.7, 1] as const
/** The initial share. The middle is least wrong before there is evidence. */
export const INITIAL_WINDOW_SHARE = 0.1
const LARGEST = WINDOW_SHARES.length - 1
const ALL = (1 << WINDOW_SHARES.length) - 1
const MINIATURE_ENTRIES = 64
// Sampled accesses between two looks at the evidence.
const ACCESSES_PER_LOOK = 32
// Evidence loses half its weight after this many accesses an entry of the miniature.
const MEMORY_PER_ENTRY = 10
// A window is left for another that is ahead by two standard deviations.
const SIGNIFICANCE = 2

/**
 * Chooses the size of the window by trial. Miniature caches with windows of different sizes see a sampled part of the
 * accesses. A size whose miniature hits more is chosen if its lead over the present one can hardly be chance and pays
 * for the misses of the change. Every 2nd, 4th, 8th ... key is sampled, so that a miniature has 64 to 127 entries. A
 * large cache spends next to nothing on it.
 */
export class WindowTuner {
  readonly #miniatures: WindowSimulation
  readonly #mask: number
  // The number of times that exactly the miniatures in this bit set hit.
  readonly #outcomes = new Float64Array(1 << WINDOW_SHARES.length)
  /** The hits that the present window has lost to each other one, since that was behind or the window changed. */
  readonly #losses = new Float64Array(WINDOW_SHARES.length)
  /** The hits that the cache itself has lost to the largest window, since it was ahead. */
  #behind = 0
  readonly #capacity: number
  readonly #memory: number
  #untilLook = ACCESSES_PER_LOOK
  #untilFade: number
  #chosen = 1

  /** @param entries the number of entries in a full cache. */
  constructor(bounds: Bounds, entries: number) {
    let rate = 1
    while (entries / (rate * 2) >= MINIATURE_ENTRIES) rate *= 2
    // Samples are chosen by the high bits. The low bits choose a place in the sketch, and would send all samples to a
    // few places.
    this.#mask = -(2 ** 32 / rate) | 0
    const capacity = Math.max(1, Math.round(entries / rate))
    const small = {
      maxEntries: Math.max(1, Math.round(bounds.maxEntries / rate)),
      maxWeight: bounds.maxWeight / rate,
    }
    this.#miniatures = new WindowSimulation(small, WINDOW_SHARES, capacity)
    this.#capacity = capacity
    this.#memory = capacity * MEMORY_PER_ENTRY
    this.#untilFade = this.#memory
  }

  /** The best window size by the evidence. */
  get windowShare(): number {
    return WINDOW_SHARES[this.#chosen]!
  }

  /** Whether keys of this hash are sampled. */
  samples(hash: number): boolean {
    return (hash & this.#mask) === 0
  }

  /**
   * Plays an access to a sampled key. `hit` is 1 if the cache itself had it, else 0. Returns whether
   * {@link windowShare} has changed.
   */
  access(hash: number, weight: number, hit: number): boolean {
    const hits = this.#miniatures.access(hash, weight)
    this.#behind = Math.max(0, this.#behind + (hits >> LARGEST) - hit)
    this.#outcomes[hits]!++
    if (hits !== 0 && hits !== ALL) this.#countLosses(hits)
    const changed = --this.#untilFade === 0 && this.#fade()
    return (--this.#untilLook === 0 && this.#look()) || changed
  }

  /** Removes a sampled key that was removed on request or for age. */
  forget(hash: number): void {
    this.#miniatures.forget(hash)
  }

  /** Removes all keys; the evidence stays. */
  clear(): void {
    this.#miniatures.clear()
  }

  #fade(): boolean {
    this.#untilFade = this.#memory
    const outcomes = this.#outcomes
    outcomes[0] = 0
    // If no window finds anything, the smallest is cheapest, because its evicted entries are still in the processor's
    // caches.
    if (this.#chosen !== 0 && outcomes.every((count) => count === 0)) return this.#choose(0)
    for (let outcome = 0; outcome < outcomes.length; outcome++) outcomes[outcome]! /= 2
    return false
  }

  #look(): boolean {
    this.#untilLook = ACCESSES_PER_LOOK
    // A window of everything is much like LRU. A cache that has lost as many hits to it as half of its entries takes it
    // for less than its price (docs/decisions/0175-a-cache-that-lags-behind-lru-takes-its-window.md).
    if (this.#behind * 2 > this.#capacity && this.#lead(LARGEST, this.#chosen) > SIGNIFICANCE)
      return this.#choose(LARGEST)
    let best = this.#chosen
    for (let i = 0; i < WINDOW_SHARES.length; i++) if (this.#lead(i, best) > 0) best = i
    return (
      this.#lead(best, this.#chosen) > SIGNIFICANCE &&
      this.#losses[best]! > this.#costOf(best) &&
      this.#choose(best)
    )
  }

  #choose(window: number): boolean {
    this.#chosen = window
    this.#losses.fill(0)
    return true
  }

  #countLosses(hits: number): void {
    const losses = this.#losses
    const own = (hits >> this.#chosen) & 1
    for (let i = 0; i < losses.length; i++) losses[i] = Math.max(0, losses[i]! + ((hits >> i) & 1) - own)
  }

  // A miss for each entry that changes between the window and the main space.
  #costOf(other: number): number {
    return Math.abs(WINDOW_SHARES[other]! - WINDOW_SHARES[this.#chosen]!) * this.#capacity
  }

  /** Returns the lead of one window over the other in standard deviations; `NaN` if all their hits are the same. */
  #lead(one: number, other: number): number {
    let lead = 0
    let differences = 0
    for (let outcome = 0; outcome < this.#outcomes.length; outcome++) {
      const difference = ((outcome >> one) & 1) - ((outcome >> other) & 1)
      lead += difference * this.#outcomes[outcome]!
      differences += difference * difference * this.#outcomes[outcome]!
    }
    return lead / Math.sqrt(differences)
  }
}
