// Fewer collisions make better decisions, and a small sketch costs little: up to 64 KB, and up to half a megabyte. A
// large one has more keys anyway.
const TINY = 4096
const SMALL = 65_536
const WORDS_PER_BLOCK = 8
const COUNTERS_PER_BLOCK = 64
const COUNTER_MAX = 15
const SAMPLE_PER_ENTRY = 10

/**
 * The recent frequencies of keys, in half a byte a counter. It is a count-min sketch with conservative update whose
 * counters are all halved after ten observations an entry (Einziger, Friedman and Manes, "TinyLFU: A Highly Efficient
 * Cache Admission Policy", 2017). The four counters of a key lie in one block of 32 bytes, hence in one cache line. The
 * low bits of a hash choose the block and its high half the counters, so hashes must differ in both.
 */
export class FrequencySketch {
  #words = new Int32Array(WORDS_PER_BLOCK)
  #blockMask = 0
  #observed = 0
  #sampleSize = 0

  /** @param entries the number of entries that it is to tell apart; see {@link grow}. */
  constructor(entries: number) {
    this.grow(entries)
  }

  /** Bytes that the counters take. */
  get bytes(): number {
    return this.#words.byteLength
  }

  /**
   * Makes room for more entries and keeps the counts. A doubled table is the old one twice, because the further bit of
   * the hash chooses between two copies of the same block.
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

  /** Returns how often the key of this hash was seen lately: 0 to 15, never too low between two halvings. */
  estimate(hash: number): number {
    const words = this.#words
    const base = (hash & this.#blockMask) * WORDS_PER_BLOCK
    const bits = hash >>> 16
    return least(
      least(
        (words[base + (bits & 1)]! >>> ((bits << 1) & 28)) & 15,
        (words[base + 2 + ((bits >>> 4) & 1)]! >>> ((bits >>> 3) & 28)) & 15,
      ),
      least(
        (words[base + 4 + ((bits >>> 8) & 1)]! >>> ((bits >>> 7) & 28)) & 15,
        (words[base + 6 + ((bits >>> 12) & 1)]! >>> ((bits >>> 11) & 28)) & 15,
      ),
    )
  }

  /** Notes that the key of this hash was seen `times` times. Returns its new {@link estimate}. */
  add(hash: number, times: number): number {
    const words = this.#words
    const base = (hash & this.#blockMask) * WORDS_PER_BLOCK
    const bits = hash >>> 16
    const index0 = base + (bits & 1)
    const index1 = base + 2 + ((bits >>> 4) & 1)
    const index2 = base + 4 + ((bits >>> 8) & 1)
    const index3 = base + 6 + ((bits >>> 12) & 1)
    const shift0 = (bits << 1) & 28
    const shift1 = (bits >>> 3) & 28
    const shift2 = (bits >>> 7) & 28
    const shift3 = (bits >>> 11) & 28
    const word0 = words[index0]!
    const word1 = words[index1]!
    const word2 = words[index2]!
    const word3 = words[index3]!
    const count0 = (word0 >>> shift0) & 15
    const count1 = (word1 >>> shift1) & 15
    const count2 = (word2 >>> shift2) & 15
    const count3 = (word3 >>> shift3) & 15
    const before = least(least(count0, count1), least(count2, count3))
    const after = least(before + times, COUNTER_MAX)
    // Only counters below the new estimate rise. The others are high because of another key.
    words[index0] = word0 + (positive(after - count0) << shift0)
    words[index1] = word1 + (positive(after - count1) << shift1)
    words[index2] = word2 + (positive(after - count2) << shift2)
    words[index3] = word3 + (positive(after - count3) << shift3)
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

// Has no branches, because half of them would be predicted wrongly. For small numbers only.
function least(one: number, other: number): number {
  return other + ((one - other) & ((one - other) >> 31))
}

function positive(value: number): number {
  return value & ~(value >> 31)
}
