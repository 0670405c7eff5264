import { FrequencySketch } from '../internal/frequency-sketch.ts'
import { LinkedLists } from '../internal/linked-lists.ts'

/** The list of new entries; the others belong to the main space. */
export const WINDOW = 0
/** Lists that a policy may use. */
export const LISTS = 64
/** Slots are numbered from here; the numbers below are the ends of the lists. */
export const FIRST_SLOT: number = LISTS
/** In place of a slot: there is none. */
export const NO_SLOT = -1

// The state of a slot: two bits of hits since it was last looked at; a bit that is set in the window, and three
// that there say what the sketch said of the new entry (so that most candidates need no further look at it) and
// elsewhere where it is; a bit for a deadline, which is its owner's; a bit of sampling.
const HITS = 3
const DETAIL_SHIFT = 2
const DETAIL = 7
const USES_UNKNOWN = DETAIL << DETAIL_SHIFT
const NEW = 32
const PLACE = NEW | (DETAIL << DETAIL_SHIFT)
const MARKED = 128

/**
 * In the state of a slot: its entry has a deadline. It is the owner's: the policy keeps it when the entry is
 * removed, and a slot that is free to be used again must not have it.
 */
export const TIMED = 64
/**
 * The bits of a state that a reader has to look at. A mark is not among them: what a marked entry is used for beyond
 * the hits that are counted says nothing of any window (docs/decisions/0024-a-sampled-hit-counts-while-hits-do.md).
 */
export const WATCHED: number = HITS | TIMED
/** What {@link WATCHED} bits are when a reader has nothing to do: enough hits, no deadline. */
export const AT_REST: number = HITS

/** Where an entry is: in the window, or in one of the two parts of the main space; 0 is in no list. */
export const IN_WINDOW = 1
export const IN_MAIN = 2
export const IN_PROTECTED = 3

// How many entries one eviction may pass over: bounds the pause when all of a large cache was hit.
const MAX_PASSES = 1000
// How many of the oldest entries of the window are compared, and never more than a quarter of it.
const MOST_LOOKS = 64

/** How much a policy may hold. */
export interface Bounds {
  readonly maxEntries: number
  readonly maxWeight: number
}

/**
 * Notes a hit of a slot in {@link EvictionPolicy.states}; answers whether it counts and the slot was marked. A
 * function, and not a method, because an owner that has the array at hand saves a read of memory on every hit.
 */
export function noteHit(states: Uint8Array, slot: number): boolean {
  const state = states[slot]!
  if ((state & HITS) === HITS) return false
  states[slot] = state + 1
  return state >= MARKED
}

/**
 * Decides which entry leaves: W-TinyLFU (Einziger, Friedman and Manes, 2017) with lazy hits.
 *
 * New entries pass through a window. What leaves it competes with the entry that the main space would give
 * up, and the one worth more stays. A hit sets two bits; only when an eviction meets the entry are its hits
 * moved to the frequency sketch and the entry to its new place, so that all lists are clocks.
 *
 * It knows slots, hashes and weights; keys, values and deadlines are its owner's. Subclasses decide what is
 * worth more: {@link EntryPolicy} where all entries weigh the same, {@link WeightPolicy} where they do not.
 */
export abstract class EvictionPolicy {
  protected readonly bounds: Bounds
  protected readonly sketch: FrequencySketch
  protected readonly lists: LinkedLists
  protected windowEntries = 0
  protected windowMaxEntries = 0
  #states: Uint8Array
  #hashes: Int32Array
  #entries = 0

  constructor(bounds: Bounds, capacity: number) {
    this.bounds = bounds
    this.sketch = new FrequencySketch(capacity)
    this.lists = new LinkedLists(LISTS, capacity + FIRST_SLOT)
    this.#states = new Uint8Array(capacity + FIRST_SLOT)
    this.#hashes = new Int32Array(capacity + FIRST_SLOT)
  }

  /** Sum of the weights of its entries. */
  abstract readonly weight: number
  /** The part of the bounds that the window may take, in 0 to 1. */
  abstract windowShare: number
  /** Whether the weights of the entries held break the bound, as they may after {@link reweigh}. */
  abstract readonly isOverweight: boolean
  abstract weightOf(slot: number): number
  /** Gives an entry another weight. */
  abstract reweigh(slot: number, weight: number): void
  /** Whether one more entry of this weight breaks a bound. */
  abstract isFull(weight: number): boolean
  /** Whether a new entry of this weight has to compete at once, being heavier than the window. */
  abstract outweighsWindow(weight: number): boolean
  /**
   * Evicts on behalf of such an entry: answers {@link NO_SLOT}, with everything left in place, when what it
   * would displace is worth more.
   */
  abstract evictFor(hash: number, weight: number): number
  /** Puts a new entry into a free slot; `uses` is what {@link miss} answered. */
  abstract add(slot: number, hash: number, weight: number, uses: number): void

  protected abstract isWindowFull(): boolean
  /** The entry that leaves the main space next. It stays where it is: it may win against the candidate. */
  protected abstract mainVictim(): number
  /** Whether a candidate can win against anything. */
  protected abstract mayWin(candidate: number): boolean
  /** Whether a candidate is worth more than the entry of the main space. */
  protected abstract beats(candidate: number, victim: number): boolean
  protected abstract moveToMain(slot: number): void
  /** Takes a slot from its list and from the sums. */
  protected abstract leave(slot: number): void

  /** Entries it holds. */
  get entries(): number {
    return this.#entries
  }

  /** The states of all slots, for {@link noteHit}; another array after {@link grow}. */
  get states(): Uint8Array {
    return this.#states
  }

  /** Makes room for `capacity` slots, of which so many hold entries at a time. */
  grow(capacity: number, entries: number = capacity): void {
    const states = new Uint8Array(capacity + FIRST_SLOT)
    states.set(this.#states)
    this.#states = states
    const hashes = new Int32Array(capacity + FIRST_SLOT)
    hashes.set(this.#hashes)
    this.#hashes = hashes
    this.lists.grow(capacity + FIRST_SLOT)
    this.sketch.grow(entries)
  }

  /** Whether an entry is in the slot. */
  holds(slot: number): boolean {
    return (this.#states[slot]! & PLACE) !== 0
  }

  hashOf(slot: number): number {
    return this.#hashes[slot]!
  }

  /** Marks a slot, so that its hits are told apart. */
  mark(slot: number): void {
    this.#states[slot]! |= MARKED
  }

  isMarked(slot: number): boolean {
    return this.#states[slot]! >= MARKED
  }

  /** Notes that a key that is not held is written; answers how often it was used lately, for {@link add}. */
  miss(hash: number): number {
    return this.sketch.add(hash, 1)
  }

  /** Takes the least valuable entry out and answers its slot, {@link NO_SLOT} when there is none. */
  evict(): number {
    if (this.isWindowFull()) {
      const candidate = this.windowCandidate()
      if (candidate !== NO_SLOT) return this.#contest(candidate)
    }
    const victim = this.mainVictim()
    if (victim !== NO_SLOT) {
      this.retire(victim)
      return victim
    }
    const candidate = this.windowCandidate()
    if (candidate !== NO_SLOT) this.remove(candidate)
    return candidate
  }

  /** Takes an entry out. */
  remove(slot: number): void {
    this.leave(slot)
    this.#states[slot]! &= TIMED
    this.#entries--
  }

  /** Takes out the victim of the main space. */
  protected retire(slot: number): void {
    this.remove(slot)
  }

  /** Takes everything out; frequencies stay known. */
  clear(): void {
    this.#states.fill(0)
    this.lists.clear()
    this.#entries = this.windowEntries = 0
  }

  /** One of the places above. */
  place(slot: number): number {
    const state = this.#states[slot]!
    return (state & NEW) !== 0 ? IN_WINDOW : (state >>> DETAIL_SHIFT) & DETAIL
  }

  /** Puts an entry of the window into the main space, or one of that into its other part. */
  protected setPlace(slot: number, place: number): void {
    this.#states[slot] = (this.#states[slot]! & ~PLACE) | (place << DETAIL_SHIFT)
  }

  /** Makes a free slot one of an entry. */
  protected occupy(slot: number, hash: number, place: number, uses: number): void {
    const known = uses < DETAIL ? uses : DETAIL
    this.#states[slot] = place === IN_WINDOW ? NEW | (known << DETAIL_SHIFT) : place << DETAIL_SHIFT
    this.#hashes[slot] = hash
    this.#entries++
  }

  /** How often the key of an entry of the window was used lately. */
  protected uses(slot: number): number {
    const known = (this.#states[slot]! >>> DETAIL_SHIFT) & DETAIL
    return known === DETAIL ? this.sketch.estimate(this.#hashes[slot]!) : known
  }

  /** As {@link uses}, by the sketch as it is now: what was known of a new entry ages with it. */
  protected presentUses(slot: number): number {
    return this.sketch.estimate(this.#hashes[slot]!)
  }

  /** Hits of a slot since it was last met, three at most. */
  protected hits(slot: number): number {
    return this.#states[slot]! & HITS
  }

  /** Moves the hits of a slot to the sketch; whether there were any and the entry deserves another round. */
  protected settleHits(slot: number, passes: number): boolean {
    const state = this.#states[slot]!
    const hits = state & HITS
    if (hits === 0 || passes >= MAX_PASSES) return false
    this.#states[slot] = (state - hits) | ((state & NEW) !== 0 ? USES_UNKNOWN : 0)
    this.sketch.add(this.#hashes[slot]!, hits)
    return true
  }

  /**
   * The entry that leaves the window next: among the oldest the first that was not hit since it was last
   * met, else the first of those hit least. Those older go round once more. Looking farther for one without a
   * hit would find the newest entries, which have not had the time to be hit.
   */
  protected windowCandidate(): number {
    const { lists } = this
    let candidate = lists.first(WINDOW)
    if (candidate === WINDOW) return NO_SLOT
    let least = this.hits(candidate)
    if (least === 0) return candidate
    let slot = candidate
    const most = Math.min(MOST_LOOKS, this.windowEntries >> 2)
    for (let looks = 1; least !== 0 && looks < most; looks++) {
      slot = lists.after(slot)
      if (slot === WINDOW) break
      const hits = this.hits(slot)
      if (hits >= least) continue
      least = hits
      candidate = slot
    }
    for (let slot = lists.first(WINDOW); slot !== candidate; slot = lists.first(WINDOW)) {
      this.settleHits(slot, 0)
      lists.remove(slot)
      lists.append(WINDOW, slot)
    }
    this.settleHits(candidate, 0)
    return candidate
  }

  // Takes out the candidate, or the entry of the main space whose place it takes.
  #contest(candidate: number): number {
    // Where they are known, most candidates were never used again, so the main space need not be looked at.
    const victim = this.mayWin(candidate) ? this.mainVictim() : NO_SLOT
    if (victim === NO_SLOT || !this.beats(candidate, victim)) {
      this.remove(candidate)
      return candidate
    }
    this.moveToMain(candidate)
    this.retire(victim)
    return victim
  }
}
