import { FrequencySketch } from '../internal/frequency-sketch.ts'
import { LinkedLists } from '../internal/linked-lists.ts'

/** Lists 1 to 63 belong to the main space. */
export const MAIN_LISTS = 64
/** From here on are the lists of new entries, one for each generation. */
export const WINDOW: number = MAIN_LISTS
const GENERATIONS = 8
/** Lists that a policy may use. */
export const LISTS: number = WINDOW + GENERATIONS
/** Slots are numbered from here; the numbers below are the ends of the lists. */
export const FIRST_SLOT: number = LISTS
/** In place of a slot: there is none. */
export const NO_SLOT = -1

// The state of a slot: two bits of hits since it was last looked at; a bit that is set in the window, and three
// that there say what the sketch said of the new entry (so that most candidates need no further look at it) and
// elsewhere where it is; a bit for a deadline, which is its owner's; a bit of sampling; three bits for the generation in
// which it was last used.
const HITS = 3
const DETAIL_SHIFT = 2
const DETAIL = 7
const USES_UNKNOWN = DETAIL << DETAIL_SHIFT
const NEW = 32
const PLACE = NEW | (DETAIL << DETAIL_SHIFT)
const MARKED = 128
const GENERATION_SHIFT = 8
const GENERATION = (GENERATIONS - 1) << GENERATION_SHIFT

/**
 * In the state of a slot: its entry has a deadline. It is the owner's: the policy keeps it when the entry is
 * removed, and a slot that is free to be used again must not have it.
 */
export const TIMED = 64
/**
 * The bits of a state that a reader has to look at. A mark is not among them: what a marked entry is used for beyond
 * the hits that are counted says nothing of any window (docs/decisions/0024-a-sampled-hit-counts-while-hits-do.md).
 */
export const WATCHED: number = HITS | TIMED | GENERATION

/** Where an entry is: in the window, or in one of the two parts of the main space; 0 is in no list. */
export const IN_WINDOW = 1
export const IN_MAIN = 2
export const IN_PROTECTED = 3

// How many entries one eviction may pass over: bounds the pause when all of a large cache was hit.
const MAX_PASSES = 1000
// A generation ends when one entry in so many of the window was used or came in it.
const PART_OF_WINDOW = 4

/** How much a policy may hold. */
export interface Bounds {
  readonly maxEntries: number
  readonly maxWeight: number
}

/**
 * Notes a hit of a slot in {@link EvictionPolicy.states}; answers whether it counts and the slot was marked. A
 * function, and not a method, because an owner that has the array at hand saves a read of memory on every hit.
 */
export function noteHit(states: Uint16Array, slot: number, policy: EvictionPolicy): boolean {
  const state = states[slot]!
  if ((state & GENERATION) !== policy.generation) {
    states[slot] = (state & ~GENERATION) | policy.generation
    if ((state & NEW) !== 0) policy.touched++
  }
  if ((state & HITS) === HITS) return false
  states[slot]!++
  return (state & MARKED) !== 0
}

/**
 * Decides which entry leaves: W-TinyLFU (Einziger, Friedman and Manes, 2017) with lazy hits.
 *
 * New entries pass through a window. What leaves it competes with the entry that the main space would give
 * up, and the one worth more stays. A hit sets some bits; only when an eviction meets the entry are its hits
 * moved to the frequency sketch and the entry to its new place. The lists of the main space are clocks; the window is in
 * order of use to a quarter of its length (docs/decisions/0108-a-window-in-generations.md).
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
  #states: Uint16Array
  #hashes: Int32Array
  #entries = 0
  /** The present generation, as in a state. It ends when a quarter of the window was used or came in it. */
  generation = 0
  /** How many entries of the window were used or came in it. */
  touched = 0
  /** The list of the oldest generation. */
  #oldest: number = WINDOW

  constructor(bounds: Bounds, capacity: number) {
    this.bounds = bounds
    this.sketch = new FrequencySketch(capacity)
    this.lists = new LinkedLists(LISTS, capacity + FIRST_SLOT)
    this.#states = new Uint16Array(capacity + FIRST_SLOT)
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

  /** How many entries the window has when it is full, as far as that is known. */
  protected abstract readonly windowLength: number
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

  /** What {@link WATCHED} bits are when a reader has nothing to do: enough hits, in this generation, no deadline. */
  get atRest(): number {
    return HITS | this.generation
  }

  /** The states of all slots, for {@link noteHit}; another array after {@link grow}. */
  get states(): Uint16Array {
    return this.#states
  }

  /** Makes room for `capacity` slots, of which so many hold entries at a time. */
  grow(capacity: number, entries: number = capacity): void {
    const states = new Uint16Array(capacity + FIRST_SLOT)
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
    return (this.#states[slot]! & MARKED) !== 0
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
    this.#entries = this.windowEntries = this.touched = 0
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
    const at = place === IN_WINDOW ? NEW | (known << DETAIL_SHIFT) : place << DETAIL_SHIFT
    this.#states[slot] = at | this.generation
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

  /** Puts a new entry into the window. */
  protected enterWindow(slot: number, hash: number, uses: number): void {
    if (this.touched * PART_OF_WINDOW >= this.windowLength) this.#advance()
    this.touched++
    this.occupy(slot, hash, IN_WINDOW, uses)
    this.lists.append(this.#present, slot)
    this.windowEntries++
  }

  // The list of the next generation was that of the oldest, and has to be empty.
  #advance(): void {
    const next = listAfter(this.#present)
    if (this.lists.first(next) !== next) return
    if (this.#oldest === next) this.#oldest = listAfter(next)
    this.generation = (next - WINDOW) << GENERATION_SHIFT
    this.touched = 0
  }

  /** The list of the present generation. */
  get #present(): number {
    return listOf(this.generation)
  }

  /**
   * The entry that leaves the window next: the first of the oldest generation that was not used in a later one. An entry
   * that was is put before those that came in that one, because it was there first; it may have been used last.
   */
  protected windowCandidate(): number {
    const { lists } = this
    for (let passes = 0; ;) {
      const list = this.#oldest
      const slot = lists.first(list)
      if (slot === list) {
        if (list === this.#present) return NO_SLOT
        this.#oldest = listAfter(list)
        continue
      }
      const own = listOf(this.#states[slot]!)
      this.settleHits(slot, 0)
      if (own === list || passes++ >= MAX_PASSES) return slot
      lists.remove(slot)
      lists.prepend(own, slot)
    }
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

/** The list of the generation that a state names. */
function listOf(state: number): number {
  return WINDOW + ((state & GENERATION) >> GENERATION_SHIFT)
}

function listAfter(list: number): number {
  return list + 1 === LISTS ? WINDOW : list + 1
}
