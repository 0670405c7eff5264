import { EvictionPolicy, IN_MAIN, IN_PROTECTED, IN_WINDOW, NO_SLOT } from './eviction-policy.ts'
import type { Bounds } from './eviction-policy.ts'

const PROBATION = 1
const PROTECTED = 2
const PROTECTED_SHARE = 0.8
// Each addition moves one entry from the window to the main space, and more while a window that was made
// smaller has too many.
const MOVES_PER_ADDITION = 4

/**
 * The policy for entries of equal weight. The main space is segmented: entries hit while on probation become
 * protected, and those that are no longer hit return to probation, whose oldest entry is the victim.
 */
export class EntryPolicy extends EvictionPolicy {
  #windowShare = 0
  protected protectedEntries = 0
  #protectedMaxEntries = 0

  /** @param capacity slots to have room for at first. */
  constructor(bounds: Bounds, windowShare: number, capacity: number) {
    super(bounds, capacity)
    this.windowShare = windowShare
  }

  get weight(): number {
    return this.entries
  }

  get windowShare(): number {
    return this.#windowShare
  }

  set windowShare(share: number) {
    const { maxEntries } = this.bounds
    this.#windowShare = share
    this.windowMaxEntries = Math.max(1, Math.min(maxEntries - 1, Math.round(maxEntries * share)))
    this.#protectedMaxEntries = Math.floor((maxEntries - this.windowMaxEntries) * PROTECTED_SHARE)
  }

  get isOverweight(): boolean {
    return false
  }

  weightOf(): number {
    return 1
  }

  reweigh(): void {}

  isFull(): boolean {
    return this.entries >= this.bounds.maxEntries
  }

  outweighsWindow(): boolean {
    return false
  }

  evictFor(): number {
    return NO_SLOT
  }

  add(slot: number, hash: number, _weight: number, uses: number): void {
    this.enterWindow(slot, hash, uses)
    for (let moves = 0; moves < MOVES_PER_ADDITION && this.windowEntries > this.windowMaxEntries; moves++) {
      this.moveToMain(this.windowCandidate())
    }
  }

  override clear(): void {
    super.clear()
    this.protectedEntries = 0
  }

  protected get windowLength(): number {
    return this.windowMaxEntries
  }

  protected isWindowFull(): boolean {
    return this.windowEntries >= this.windowMaxEntries
  }

  protected mayWin(candidate: number): boolean {
    return this.uses(candidate) > 1
  }

  // The use that brought the candidate here does not count for it. In a loop larger than the cache, every candidate was
  // just used and no victim was, so each candidate would push out the next.
  protected beats(candidate: number, victim: number): boolean {
    return this.uses(candidate) - 1 > this.presentUses(victim)
  }

  protected mainVictim(): number {
    const lists = this.lists
    for (let passes = 0; ; passes++) {
      const onProbation = lists.first(PROBATION)
      const isEmpty = onProbation === PROBATION
      if (isEmpty || this.protectedEntries > this.#protectedMaxEntries) {
        const slot = lists.first(PROTECTED)
        if (slot === PROTECTED) return isEmpty ? NO_SLOT : onProbation
        if (!isEmpty && this.settleHits(slot, passes)) {
          lists.remove(slot)
          lists.append(PROTECTED, slot)
        } else this.#putOnProbation(slot)
      } else if (this.settleHits(onProbation, passes)) this.#protect(onProbation)
      else return onProbation
    }
  }

  protected moveToMain(slot: number): void {
    this.windowEntries--
    this.lists.remove(slot)
    this.lists.append(PROBATION, slot)
    this.setPlace(slot, IN_MAIN)
  }

  protected leave(slot: number): void {
    this.lists.remove(slot)
    const place = this.place(slot)
    if (place === IN_WINDOW) this.windowEntries--
    else if (place === IN_PROTECTED) this.protectedEntries--
  }

  #protect(slot: number): void {
    this.lists.remove(slot)
    this.lists.append(PROTECTED, slot)
    this.setPlace(slot, IN_PROTECTED)
    this.protectedEntries++
  }

  #putOnProbation(slot: number): void {
    this.lists.remove(slot)
    this.lists.append(PROBATION, slot)
    this.setPlace(slot, IN_MAIN)
    this.protectedEntries--
  }
}
