import { EvictionPolicy, FIRST_SLOT, IN_MAIN, IN_WINDOW, MAIN_LISTS, NO_SLOT } from './eviction-policy.ts'
import type { Bounds } from './eviction-policy.ts'

// Lists 1 to 63 hold entries with similar uses per unit of weight: one list for each power of two.
const FIRST_CLASS = 1
const MIDDLE_CLASS = 44
// A map never holds more entries than this, so lighter ones need not be told apart.
const MOST_ENTRIES = 2 ** 24

/**
 * The policy for entries of different weight. The worth of an entry of the main space has two parts. One is its uses
 * per unit of weight. The other is the worth of the last evicted entry when this one came or was last met, so that
 * worth fades as others leave (GreedyDual-Size with Frequency: Cherkasova, 1998). Entries of alike density form a list,
 * in which the oldest is worth least, so that only the heads of the lists need to be compared (after CAMP:
 * Ghandeharizadeh, Irani, Lam and Yap, 2014).
 */
export class WeightPolicy extends EvictionPolicy {
  readonly #lightest: number
  #windowShare = 0
  #windowMaxWeight = 0
  protected windowWeight = 0
  #weight = 0
  /** The worth of the most valuable entry evicted. */
  #inflation = 0
  #weights: Float64Array
  #worths: Float64Array

  /** @param capacity slots to have room for at first. */
  constructor(bounds: Bounds, windowShare: number, capacity: number) {
    super(bounds, capacity)
    this.#lightest = bounds.maxWeight / MOST_ENTRIES
    this.#weights = new Float64Array(capacity + FIRST_SLOT)
    this.#worths = new Float64Array(capacity + FIRST_SLOT)
    this.windowShare = windowShare
  }

  get weight(): number {
    return this.#weight
  }

  get windowShare(): number {
    return this.#windowShare
  }

  set windowShare(share: number) {
    this.#windowShare = share
    this.windowMaxEntries = Math.max(1, Math.round(this.bounds.maxEntries * share))
    this.#windowMaxWeight = this.bounds.maxWeight * share
  }

  get isOverweight(): boolean {
    return this.#weight > this.bounds.maxWeight
  }

  weightOf(slot: number): number {
    return this.#weights[slot]!
  }

  reweigh(slot: number, weight: number): void {
    const difference = weight - this.#weights[slot]!
    if (difference === 0) return
    this.#weights[slot] = weight
    this.#weight += difference
    if (this.place(slot) === IN_WINDOW) this.windowWeight += difference
    else {
      this.lists.remove(slot)
      this.#enterMain(slot)
    }
  }

  isFull(weight: number): boolean {
    return this.#weight + weight > this.bounds.maxWeight || this.entries >= this.bounds.maxEntries
  }

  outweighsWindow(weight: number): boolean {
    return weight > this.#windowMaxWeight
  }

  evictFor(hash: number, weight: number): number {
    const victim = this.mainVictim()
    if (victim === NO_SLOT) {
      const candidate = this.windowCandidate()
      if (candidate !== NO_SLOT) this.remove(candidate)
      return candidate
    }
    if (this.#worth(this.sketch.estimate(hash), weight) <= this.#worths[victim]!) return NO_SLOT
    this.retire(victim)
    return victim
  }

  add(slot: number, hash: number, weight: number, uses: number): void {
    this.#weights[slot] = weight
    this.#weight += weight
    if (this.outweighsWindow(weight)) {
      this.occupy(slot, hash, IN_MAIN, uses)
      this.#enterMain(slot)
      return
    }
    this.enterWindow(slot, hash, uses)
    this.windowWeight += weight
    while (this.windowEntries > this.windowMaxEntries || this.windowWeight > this.#windowMaxWeight) {
      const candidate = this.windowCandidate()
      if (candidate === NO_SLOT) return
      this.moveToMain(candidate)
    }
  }

  override remove(slot: number): void {
    super.remove(slot)
    // Sums of fractions drift, so an empty cache makes them exact again.
    if (this.entries === 0) this.#weight = this.windowWeight = 0
  }

  override grow(capacity: number, entries: number = capacity): void {
    super.grow(capacity, entries)
    this.#weights = resized(this.#weights, capacity + FIRST_SLOT)
    this.#worths = resized(this.#worths, capacity + FIRST_SLOT)
  }

  override clear(): void {
    super.clear()
    this.#weight = this.windowWeight = 0
  }

  protected override retire(slot: number): void {
    this.#inflation = Math.max(this.#inflation, this.#worths[slot]!)
    this.remove(slot)
  }

  protected get windowLength(): number {
    return this.windowEntries
  }

  protected isWindowFull(): boolean {
    return this.windowEntries >= this.windowMaxEntries || this.windowWeight >= this.#windowMaxWeight
  }

  protected mayWin(): boolean {
    return true
  }

  protected beats(candidate: number, victim: number): boolean {
    return this.#worth(this.uses(candidate), this.#weights[candidate]!) > this.#worths[victim]!
  }

  protected mainVictim(): number {
    for (let passes = 0; ; passes++) {
      let victim = NO_SLOT
      let least = Infinity
      for (let list = FIRST_CLASS; list < MAIN_LISTS; list++) {
        const slot = this.lists.first(list)
        if (slot === list || this.#worths[slot]! >= least) continue
        least = this.#worths[slot]!
        victim = slot
      }
      if (victim === NO_SLOT || !this.settleHits(victim, passes)) return victim
      this.lists.remove(victim)
      this.#enterMain(victim)
    }
  }

  protected moveToMain(slot: number): void {
    this.windowEntries--
    this.windowWeight -= this.#weights[slot]!
    this.lists.remove(slot)
    this.setPlace(slot, IN_MAIN)
    this.#enterMain(slot)
  }

  protected leave(slot: number): void {
    const weight = this.#weights[slot]!
    this.lists.remove(slot)
    this.#weight -= weight
    if (this.place(slot) !== IN_WINDOW) return
    this.windowEntries--
    this.windowWeight -= weight
  }

  #worth(uses: number, weight: number): number {
    return this.#inflation + uses / Math.max(weight, this.#lightest)
  }

  #enterMain(slot: number): void {
    const uses = Math.max(1, this.presentUses(slot))
    const density = uses / Math.max(this.#weights[slot]!, this.#lightest)
    const list = MIDDLE_CLASS + Math.round(Math.log2(density))
    this.#worths[slot] = this.#inflation + density
    this.lists.append(Math.max(FIRST_CLASS, Math.min(MAIN_LISTS - 1, list)), slot)
  }
}

function resized(array: Float64Array, length: number): Float64Array {
  const copy = new Float64Array(length)
  copy.set(array)
  return copy
}
