// Fewer collisions make better decisions, and a small sketch costs little: up to 64 KB, and up to half a megabyte.
// A large one has more keys anyway.
const TINY = 4096
const SMALL = 65_536
const WORDS_PER_BLOCK = 8
const COUNTERS_PER_BLOCK = 64
const COUNTER_MAX = 15
const SAMPLE_PER_ENTRY = 10

/**
 * How often a key was seen lately, in half a byte a counter: a count-min sketch with conservative update
 * whose counters are all halved after ten observations an entry (Einziger, Friedman and Manes, "TinyLFU: A
 * Highly Efficient Cache Admission Policy", 2017). A key has two counters: when most keys are seen once, as
 * where most accesses miss, more would fill each other up. They lie in one block of 32 bytes, so that a key costs
 * one miss of the processor's cache.
 *
 * The low bits of a hash choose the block and its ten high bits the counters: hashes must differ in both.
 */
export class FrequencySketch {
  #words = new Int32Array(WORDS_PER_BLOCK)
  #blockMask = 0
  #observed = 0
  #sampleSize = 0

  /** @param entries how many entries it is to tell apart; see {@link grow}. */
  constructor(entries: number) {
    this.grow(entries)
  }

  /** Bytes that the counters take. */
  get bytes(): number {
    return this.#words.byteLength
  }

  /**
   * Makes it fit for more entries; what was counted stays counted. A doubled table is the old one twice:
   * the further bit of the hash chooses between two copies of the same block.
   */
  grow(entries: number): void {
    let words = this.#words
    const counters = entries * (entries <= TINY ? 32 : entries <= SMALL ? 16 : 8)
    while ((words.length / WORDS_PER_BLOCK) * COUNTERS_PER_BLOCK < counters) {
      const doubled = new Int32Array(words.length * 2)
      doubled.set(words)
      doubled.set(words, words.length)
      words = doubled
    }
    this.#words = words
    this.#blockMask = words.length / WORDS_PER_BLOCK - 1
    this.#sampleSize = Math.max(this.#sampleSize, entries * SAMPLE_PER_ENTRY)
  }

  /** How often the key of this hash was seen lately: 0 to 15, never too low between two halvings. */
  estimate(hash: number): number {
    const words = this.#words
    const base = (hash & this.#blockMask) * WORDS_PER_BLOCK
    // Two bits choose a word of half a block and three a counter in it; see `add`.
    return least(
      (words[base + (hash >>> 30)]! >>> ((hash >>> 25) & 28)) & 15,
      (words[base + 4 + ((hash >>> 25) & 3)]! >>> ((hash >>> 20) & 28)) & 15,
    )
  }

  /** Notes that the key of this hash was seen `times` times; answers its new {@link estimate}. */
  add(hash: number, times: number): number {
    const words = this.#words
    const base = (hash & this.#blockMask) * WORDS_PER_BLOCK
    const index0 = base + (hash >>> 30)
    const index1 = base + 4 + ((hash >>> 25) & 3)
    const shift0 = (hash >>> 25) & 28
    const shift1 = (hash >>> 20) & 28
    const word0 = words[index0]!
    const word1 = words[index1]!
    const count0 = (word0 >>> shift0) & 15
    const count1 = (word1 >>> shift1) & 15
    const before = least(count0, count1)
    const after = least(before + times, COUNTER_MAX)
    // Only counters below the new estimate rise: the others are high because of somebody else.
    words[index0] = word0 + (positive(after - count0) << shift0)
    words[index1] = word1 + (positive(after - count1) << shift1)
    this.#observed += after - before
    if (this.#observed >= this.#sampleSize) this.#halve()
    return after
  }

  #halve(): void {
    const words = this.#words
    for (let i = 0; i < words.length; i++) words[i] = (words[i]! >>> 1) & 0x77777777
    this.#observed >>>= 1
  }
}

// Without branches, as these would be predicted wrongly half of the time. For small numbers only.
function least(one: number, other: number): number {
  return other + ((one - other) & ((one - other) >> 31))
}

function positive(value: number): number {
  return value & ~(value >> 31)
}
