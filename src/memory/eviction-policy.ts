import { FrequencySketch } from '../internal/frequency-sketch.ts'
import { LinkedLists } from '../internal/linked-lists.ts'

const WINDOW = 0
const PROBATION = 1
const PROTECTED = 2

/** Slots are numbered from here; the numbers below are the ends of the three queues. */
export const FIRST_SLOT = 3
/** In place of a slot: there is none. */
export const NO_SLOT = -1

const PROTECTED_SHARE = 0.8
// The state of a slot: two bits of hits since it was last looked at, two bits of queue, a bit of sampling.
const HITS = 3
const QUEUE_SHIFT = 2
const SAMPLED = 128
// How many entries one eviction may pass over: bounds the pause when all of a large cache was hit.
const MAX_PASSES = 1000

/** How much a policy may hold; a `maxWeight` of `Infinity` means that every entry weighs 1. */
export interface Bounds {
  readonly maxEntries: number
  readonly maxWeight: number
}

/**
 * Decides which entry leaves: W-TinyLFU (Einziger, Friedman and Manes, 2017) with lazy hits.
 *
 * New entries pass through a window. What leaves it competes with the entry that the main space would give
 * up, and the one that was used more often per unit of weight stays. The main space is segmented: probation,
 * and protected for those hit while on probation. All three queues are clocks: a hit sets two bits, and only
 * when an eviction meets the entry are its hits moved to the frequency sketch and the entry to its new place.
 *
 * It knows slots, hashes and weights; keys, values and deadlines are its owner's.
 */
export class EvictionPolicy {
  readonly #bounds: Bounds
  readonly #sketch: FrequencySketch
  readonly #queues: LinkedLists
  #state: Uint8Array
  #hashes: Int32Array
  /** Absent when every entry weighs 1. */
  #weights: Float64Array | undefined

  #windowShare = 0
  #windowMaxEntries = 0
  #windowMaxWeight = 0
  #protectedMaxEntries = 0
  #protectedMaxWeight = 0

  #entries = 0
  #windowEntries = 0
  #protectedEntries = 0
  #weight = 0
  #windowWeight = 0
  #protectedWeight = 0

  /** @param capacity slots to have room for at first; see {@link grow}. */
  constructor(bounds: Bounds, windowShare: number, capacity: number) {
    this.#bounds = bounds
    this.#sketch = new FrequencySketch(capacity)
    this.#queues = new LinkedLists(FIRST_SLOT, capacity + FIRST_SLOT)
    this.#state = new Uint8Array(capacity + FIRST_SLOT)
    this.#hashes = new Int32Array(capacity + FIRST_SLOT)
    if (bounds.maxWeight !== Infinity) this.#weights = new Float64Array(capacity + FIRST_SLOT)
    this.windowShare = windowShare
  }

  /** Entries it holds. */
  get entries(): number {
    return this.#entries
  }

  /** Sum of their weights. */
  get weight(): number {
    return this.#weights === undefined ? this.#entries : this.#weight
  }

  /** The part of the bounds that the window may take, in 0 to 1. */
  get windowShare(): number {
    return this.#windowShare
  }

  // What a smaller window has too much moves to the main space a few entries at a time, in `add`.
  set windowShare(share: number) {
    const { maxEntries, maxWeight } = this.#bounds
    this.#windowShare = share
    this.#windowMaxEntries = Math.max(1, Math.min(maxEntries - 1, Math.round(maxEntries * share)))
    this.#windowMaxWeight = maxWeight * share
    this.#protectedMaxEntries = Math.floor((maxEntries - this.#windowMaxEntries) * PROTECTED_SHARE)
    this.#protectedMaxWeight = (maxWeight - this.#windowMaxWeight) * PROTECTED_SHARE
    if (maxWeight === Infinity) this.#windowMaxWeight = this.#protectedMaxWeight = Infinity
  }

  /** Makes room for `capacity` slots. */
  grow(capacity: number): void {
    const length = capacity + FIRST_SLOT
    const state = new Uint8Array(length)
    state.set(this.#state)
    this.#state = state
    const hashes = new Int32Array(length)
    hashes.set(this.#hashes)
    this.#hashes = hashes
    if (this.#weights !== undefined) {
      const weights = new Float64Array(length)
      weights.set(this.#weights)
      this.#weights = weights
    }
    this.#queues.grow(length)
    this.#sketch.grow(capacity)
  }

  /** Whether an entry is in the slot. */
  holds(slot: number): boolean {
    return (this.#state[slot]! & ~SAMPLED) >>> QUEUE_SHIFT !== 0
  }

  hashOf(slot: number): number {
    return this.#hashes[slot]!
  }

  weightOf(slot: number): number {
    return this.#weights === undefined ? 1 : this.#weights[slot]!
  }

  /** Notes a hit; answers whether the slot was marked by {@link mark}. */
  hit(slot: number): boolean {
    const state = this.#state[slot]!
    if ((state & HITS) !== HITS) this.#state[slot] = state + 1
    return state >= SAMPLED
  }

  /** Marks a slot, so that its hits are told apart. */
  mark(slot: number): void {
    this.#state[slot]! |= SAMPLED
  }

  isMarked(slot: number): boolean {
    return this.#state[slot]! >= SAMPLED
  }

  /** Notes that a key that is not held was asked for or written. */
  miss(hash: number): void {
    this.#sketch.add(hash, 1)
  }

  /** Whether one more entry of this weight breaks a bound. */
  isFull(weight: number): boolean {
    if (this.#entries >= this.#bounds.maxEntries) return true
    return this.#weights !== undefined && this.#weight + weight > this.#bounds.maxWeight
  }

  /** Whether the weights of the entries held break the bound, as they may after {@link reweigh}. */
  get isOverweight(): boolean {
    return this.#weights !== undefined && this.#weight > this.#bounds.maxWeight
  }

  /** Whether a new entry of this weight has to compete at once, being heavier than the window. */
  outweighsWindow(weight: number): boolean {
    return weight > this.#windowMaxWeight
  }

  /** Takes the least valuable entry out and answers its slot, {@link NO_SLOT} when there is none. */
  evict(): number {
    const victim = this.#mainVictim()
    if (victim !== NO_SLOT && !this.#isWindowFull()) {
      this.remove(victim)
      return victim
    }
    const candidate = this.#windowCandidate()
    if (candidate === NO_SLOT) return NO_SLOT
    if (victim === NO_SLOT || !this.#beats(this.#hashes[candidate]!, this.weightOf(candidate), victim)) {
      this.remove(candidate)
      return candidate
    }
    this.#move(candidate, PROBATION)
    this.remove(victim)
    return victim
  }

  /**
   * The same on behalf of a new entry that is heavier than the window and competes itself: answers
   * {@link NO_SLOT}, with everything left in place, when what it would displace is worth more.
   */
  evictFor(hash: number, weight: number): number {
    let victim = this.#mainVictim()
    if (victim === NO_SLOT) victim = this.#windowCandidate()
    if (victim === NO_SLOT || !this.#beats(hash, weight, victim)) return NO_SLOT
    this.remove(victim)
    return victim
  }

  /** Puts a new entry into a free slot. */
  add(slot: number, hash: number, weight: number): void {
    const heavy = this.outweighsWindow(weight)
    this.#hashes[slot] = hash
    this.#entries++
    if (this.#weights !== undefined) {
      this.#weights[slot] = weight
      this.#weight += weight
    }
    this.#enter(slot, heavy ? PROBATION : WINDOW, 0)
    // One for the new entry, and more while a window that was made smaller has too many.
    for (let moves = 0; moves < 4 && this.#isWindowOver(); moves++) {
      const candidate = this.#windowCandidate()
      if (candidate === NO_SLOT) return
      this.#move(candidate, PROBATION)
    }
  }

  /** Takes an entry out. */
  remove(slot: number): void {
    this.#leave(slot)
    this.#state[slot] = 0
    this.#entries--
    if (this.#weights === undefined) return
    this.#weight -= this.#weights[slot]!
    // Sums of fractions drift; an empty cache is a chance to be exact again.
    if (this.#entries === 0) this.#weight = this.#windowWeight = this.#protectedWeight = 0
  }

  /** Gives an entry another weight. */
  reweigh(slot: number, weight: number): void {
    if (this.#weights === undefined) return
    const difference = weight - this.#weights[slot]!
    if (difference === 0) return
    const queue = this.#queueOf(slot)
    this.#weights[slot] = weight
    this.#weight += difference
    if (queue === WINDOW) this.#windowWeight += difference
    else if (queue === PROTECTED) this.#protectedWeight += difference
  }

  /** Takes everything out; frequencies stay known. */
  clear(): void {
    this.#state.fill(0)
    this.#queues.clear()
    this.#entries = this.#windowEntries = this.#protectedEntries = 0
    this.#weight = this.#windowWeight = this.#protectedWeight = 0
  }

  /** Throws when lists, counters and weights contradict each other; for tests. */
  check(): void {
    const seen = [0, 0, 0]
    const weights = [0, 0, 0]
    for (const queue of [WINDOW, PROBATION, PROTECTED]) {
      for (let slot = this.#queues.first(queue); slot !== queue; slot = this.#queues.after(slot)) {
        if (this.#queueOf(slot) !== queue)
          throw new Error(`slot ${slot} is in queue ${queue}, marked otherwise`)
        seen[queue]!++
        weights[queue]! += this.weightOf(slot)
        if (seen[queue]! > this.#entries) throw new Error(`queue ${queue} has more entries than there are`)
      }
    }
    const expected = [this.#windowEntries, this.#entries - this.#windowEntries - this.#protectedEntries]
    expected.push(this.#protectedEntries)
    if (seen.join() !== expected.join())
      throw new Error(`queues hold ${seen.join()}, counted ${expected.join()}`)
    if (this.#weights === undefined) return
    const rest = this.#weight - this.#windowWeight - this.#protectedWeight
    const totals = [this.#windowWeight, rest, this.#protectedWeight]
    for (const queue of [WINDOW, PROBATION, PROTECTED]) {
      if (Math.abs(weights[queue]! - totals[queue]!) > 1e-6 * (1 + this.#weight)) {
        throw new Error(`queue ${queue} weighs ${weights[queue]}, counted ${totals[queue]}`)
      }
    }
    if (this.#weight > this.#bounds.maxWeight) throw new Error('heavier than the bound')
  }

  // Whether a key of this hash and weight is worth more than an entry of the main space. The use that brings
  // the candidate here does not count for it: in a loop larger than the cache every candidate was just used
  // and every victim was not, and counting it would let each push out another. Half a use is added on both
  // sides so that a heavy entry does not win against light ones that were never used again.
  #beats(hash: number, weight: number, victim: number): boolean {
    const candidateUses = this.#sketch.estimate(hash)
    const victimUses = this.#sketch.estimate(this.#hashes[victim]!)
    if (this.#weights === undefined) return candidateUses > victimUses + 1
    return (candidateUses - 0.5) * this.#weights[victim]! > (victimUses + 0.5) * weight
  }

  // The entry that leaves the window next; entries hit since they were last met go round once more.
  #windowCandidate(): number {
    for (let passes = 0; ; passes++) {
      const slot = this.#queues.first(WINDOW)
      if (slot === WINDOW) return NO_SLOT
      if (passes >= MAX_PASSES || !this.#settleHits(slot)) return slot
      this.#queues.remove(slot)
      this.#queues.append(WINDOW, slot)
    }
  }

  // The entry that leaves the main space next. It stays where it is: it may win against the candidate.
  #mainVictim(): number {
    const queues = this.#queues
    for (let passes = 0; ; passes++) {
      const onProbation = queues.first(PROBATION)
      if (onProbation === PROBATION || this.#isProtectedOver()) {
        const slot = queues.first(PROTECTED)
        if (slot === PROTECTED) return onProbation === PROBATION ? NO_SLOT : onProbation
        if (onProbation !== PROBATION && passes < MAX_PASSES && this.#settleHits(slot)) {
          queues.remove(slot)
          queues.append(PROTECTED, slot)
        } else this.#move(slot, PROBATION)
      } else if (passes < MAX_PASSES && this.#settleHits(onProbation)) this.#move(onProbation, PROTECTED)
      else return onProbation
    }
  }

  // Moves the hits of a slot to the sketch; whether there were any.
  #settleHits(slot: number): boolean {
    const state = this.#state[slot]!
    const hits = state & HITS
    if (hits === 0) return false
    this.#state[slot] = state - hits
    this.#sketch.add(this.#hashes[slot]!, hits)
    return true
  }

  #isWindowFull(): boolean {
    return this.#windowEntries >= this.#windowMaxEntries || this.#windowWeight >= this.#windowMaxWeight
  }

  #isWindowOver(): boolean {
    return this.#windowEntries > this.#windowMaxEntries || this.#windowWeight > this.#windowMaxWeight
  }

  #isProtectedOver(): boolean {
    return (
      this.#protectedEntries > this.#protectedMaxEntries || this.#protectedWeight > this.#protectedMaxWeight
    )
  }

  #queueOf(slot: number): number {
    return ((this.#state[slot]! & ~SAMPLED) >>> QUEUE_SHIFT) - 1
  }

  #move(slot: number, queue: number): void {
    const marked = this.#state[slot]! & SAMPLED
    this.#leave(slot)
    this.#enter(slot, queue, marked)
  }

  #enter(slot: number, queue: number, marked: number): void {
    this.#queues.append(queue, slot)
    this.#state[slot] = marked | ((queue + 1) << QUEUE_SHIFT)
    if (queue === PROBATION) return
    const weight = this.#weights === undefined ? 0 : this.#weights[slot]!
    if (queue === WINDOW) {
      this.#windowEntries++
      this.#windowWeight += weight
    } else {
      this.#protectedEntries++
      this.#protectedWeight += weight
    }
  }

  #leave(slot: number): void {
    this.#queues.remove(slot)
    const queue = this.#queueOf(slot)
    if (queue === PROBATION) return
    const weight = this.#weights === undefined ? 0 : this.#weights[slot]!
    if (queue === WINDOW) {
      this.#windowEntries--
      this.#windowWeight -= weight
    } else {
      this.#protectedEntries--
      this.#protectedWeight -= weight
    }
  }
}
