import { FrequencySketch } from '../../internal/frequency-sketch.ts'
import { LinkedLists } from '../../internal/linked-lists.ts'

/** Lists 1 to 63 belong to the main space. */
export const MAIN_LISTS = 64
/** The lists of new entries, one for each generation, begin here. */
export const WINDOW: number = MAIN_LISTS
const GENERATIONS = 32
/** Lists that a policy may use. */
export const LISTS: number = WINDOW + GENERATIONS
/** The slots begin here. The numbers below are the ends of the lists. */
export const FIRST_SLOT: number = LISTS
/** The value in place of a slot if there is none. */
export const NO_SLOT = -1

// The state of a slot has two bits for hits since it was last looked at, and a bit that is set in the window. In the
// window, three bits hold the estimate of the sketch for the new entry, so that most candidates need no further look at
// the sketch. Elsewhere these three bits hold its place. One bit marks a deadline and belongs to the owner. One bit
// marks a sampled entry. Five bits hold the generation in which it was last used.
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
 * The bit of a state for an entry with a deadline. It is the owner's. The policy keeps it when the entry is removed,
 * and a slot that is free to be used again must not have it.
 */
export const TIMED = 64
/**
 * The bits of a state that a reader has to look at. The mark is not among them, because uses of a marked entry beyond
 * the counted hits say nothing of any window (docs/decisions/0024-a-sampled-hit-counts-while-hits-do.md).
 */
export const WATCHED: number = HITS | TIMED | GENERATION

/** The place of an entry: the window, or one of the two parts of the main space; 0 is in no list. */
export const IN_WINDOW = 1
export const IN_MAIN = 2
export const IN_PROTECTED = 3

// The entries that one eviction may pass over. This bounds the pause if all of a large cache was hit.
const MAX_PASSES = 1000
// A generation ends when one in so many entries of the window was used or came in it.
const PART_OF_WINDOW = 24

/** The bounds of a policy. */
export interface Bounds {
  readonly maxEntries: number
  readonly maxWeight: number
}

/**
 * Notes a hit of a slot in {@link EvictionPolicy.states}. Returns whether it counts and the slot was marked. It is a
 * function and no method, because an owner that has the array at hand saves a read of memory on every hit.
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
 * New entries pass through a window. An entry that leaves it competes with the victim of the main space, and the one
 * worth more stays. A hit only sets bits. If an eviction meets the entry, its hits move to the frequency sketch and the
 * entry moves to its new place. The lists of the main space are clocks. The window is in order of use to a 24th of
 * its length (docs/decisions/0127-a-window-in-finer-generations.md).
 *
 * It knows slots, hashes and weights, while its owner has keys, values and deadlines. Subclasses decide which entry is
 * worth more: {@link EntryPolicy} if all entries weigh the same, else {@link WeightPolicy}.
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
  /** The present generation, as in a state. It ends when a 24th of the window was used or came in it. */
  generation = 0
  /** The number of entries of the window that were used or came in the present generation. */
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

  /** The sum of the weights of the entries. */
  abstract readonly weight: number
  /** The part of the bounds that the window may take, in 0 to 1. */
  abstract windowShare: number
  /** Whether the weights of the entries break the bound, as is possible after {@link reweigh}. */
  abstract readonly isOverweight: boolean
  abstract weightOf(slot: number): number
  /** Gives an entry another weight. */
  abstract reweigh(slot: number, weight: number): void
  /** Whether one more entry of this weight breaks a bound. */
  abstract isFull(weight: number): boolean
  /** Whether a new entry of this weight has to compete at once, because it is heavier than the window. */
  abstract outweighsWindow(weight: number): boolean
  /**
   * Evicts entries for a new one that {@link outweighsWindow}. Returns {@link NO_SLOT} and leaves everything in place
   * if they are worth more.
   */
  abstract evictFor(hash: number, weight: number): number
  /** Puts a new entry into a free slot. `uses` is the answer of {@link miss}. */
  abstract add(slot: number, hash: number, weight: number, uses: number): void

  /** The number of entries in a full window, as far as that is known. */
  protected abstract readonly windowLength: number
  protected abstract isWindowFull(): boolean
  /** Returns the entry that leaves the main space next. It stays in place, because it may win against the candidate. */
  protected abstract mainVictim(): number
  /** Whether a candidate can win against anything. */
  protected abstract mayWin(candidate: number): boolean
  /** Whether a candidate is worth more than the entry of the main space. */
  protected abstract beats(candidate: number, victim: number): boolean
  protected abstract moveToMain(slot: number): void
  /** Takes a slot from its list and from the sums. */
  protected abstract leave(slot: number): void

  /** The number of entries. */
  get entries(): number {
    return this.#entries
  }

  /** The {@link WATCHED} bits if a reader has nothing to do: enough hits, in this generation, no deadline. */
  get atRest(): number {
    return HITS | this.generation
  }

  /** The states of all slots, for {@link noteHit}. {@link grow} replaces the array. */
  get states(): Uint16Array {
    return this.#states
  }

  /** Makes room for `capacity` slots, of which `entries` hold an entry at a time. */
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

  /** Notes the write of a key that is not held. Returns how often it was used lately, for {@link add}. */
  miss(hash: number): number {
    return this.sketch.add(hash, 1)
  }

  /** Takes out the least valuable entry. Returns its slot, or {@link NO_SLOT} if there is none. */
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

  /** Takes out all entries. Frequencies stay known. */
  clear(): void {
    this.#states.fill(0)
    this.lists.clear()
    this.#entries = this.windowEntries = this.touched = 0
  }

  /** Returns the place of an entry. */
  place(slot: number): number {
    const state = this.#states[slot]!
    return (state & NEW) !== 0 ? IN_WINDOW : (state >>> DETAIL_SHIFT) & DETAIL
  }

  /** Moves an entry of the window to the main space, or an entry of the main space to its other part. */
  protected setPlace(slot: number, place: number): void {
    this.#states[slot] = (this.#states[slot]! & ~PLACE) | (place << DETAIL_SHIFT)
  }

  /** Fills a free slot with an entry. */
  protected occupy(slot: number, hash: number, place: number, uses: number): void {
    const known = uses < DETAIL ? uses : DETAIL
    const at = place === IN_WINDOW ? NEW | (known << DETAIL_SHIFT) : place << DETAIL_SHIFT
    this.#states[slot] = at | this.generation
    this.#hashes[slot] = hash
    this.#entries++
  }

  /** Returns how often the key of an entry of the window was used lately. */
  protected uses(slot: number): number {
    const known = (this.#states[slot]! >>> DETAIL_SHIFT) & DETAIL
    return known === DETAIL ? this.sketch.estimate(this.#hashes[slot]!) : known
  }

  /** Returns the same as {@link uses}, by the present sketch, because the uses noted for a new entry grow old. */
  protected presentUses(slot: number): number {
    return this.sketch.estimate(this.#hashes[slot]!)
  }

  /** Returns the hits of a slot since it was last met, three at most. */
  protected hits(slot: number): number {
    return this.#states[slot]! & HITS
  }

  /** Moves the hits of a slot to the sketch. Returns whether there were any and the entry deserves another round. */
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

  // The next generation takes the list of the oldest, which has to be empty.
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
   * Returns the entry that leaves the window next: the first of the oldest generation that was not used in a later one.
   * An entry that was used later goes before the entries that came in that generation, because it was there first. It
   * may have been used last.
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
    // Most candidates with known uses were never used again, so the main space need not be looked at for them.
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

/** Returns the list of the generation that a state names. */
function listOf(state: number): number {
  return WINDOW + ((state & GENERATION) >> GENERATION_SHIFT)
}

function listAfter(list: number): number {
  return list + 1 === LISTS ? WINDOW : list + 1
}
