import { mix } from './hash.ts'

const COUNTERS_PER_ENTRY = 8
const WORDS_PER_BLOCK = 8
const COUNTERS_PER_BLOCK = 64
const COUNTER_MAX = 15
const SAMPLE_PER_ENTRY = 10

/**
 * How often a key was seen lately, in half a byte a counter: a count-min sketch with conservative update
 * whose counters are all halved after ten observations an entry (Einziger, Friedman and Manes, "TinyLFU: A
 * Highly Efficient Cache Admission Policy", 2017). The four counters of a key lie in one block of 32
 * bytes, hence in one cache line.
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
    while ((words.length / WORDS_PER_BLOCK) * COUNTERS_PER_BLOCK < entries * COUNTERS_PER_ENTRY) {
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
    const bits = mix(hash + 0x9e3779b9)
    let least = (words[base + (bits & 1)]! >>> ((bits << 1) & 28)) & 15
    let count = (words[base + 2 + ((bits >>> 4) & 1)]! >>> ((bits >>> 3) & 28)) & 15
    if (count < least) least = count
    count = (words[base + 4 + ((bits >>> 8) & 1)]! >>> ((bits >>> 7) & 28)) & 15
    if (count < least) least = count
    count = (words[base + 6 + ((bits >>> 12) & 1)]! >>> ((bits >>> 11) & 28)) & 15
    return count < least ? count : least
  }

  /** Notes that the key of this hash was seen `times` times. */
  add(hash: number, times: number): void {
    const words = this.#words
    const base = (hash & this.#blockMask) * WORDS_PER_BLOCK
    const bits = mix(hash + 0x9e3779b9)
    const word0 = base + (bits & 1)
    const word1 = base + 2 + ((bits >>> 4) & 1)
    const word2 = base + 4 + ((bits >>> 8) & 1)
    const word3 = base + 6 + ((bits >>> 12) & 1)
    const shift0 = (bits << 1) & 28
    const shift1 = (bits >>> 3) & 28
    const shift2 = (bits >>> 7) & 28
    const shift3 = (bits >>> 11) & 28
    const count0 = (words[word0]! >>> shift0) & 15
    const count1 = (words[word1]! >>> shift1) & 15
    const count2 = (words[word2]! >>> shift2) & 15
    const count3 = (words[word3]! >>> shift3) & 15
    let least = count0
    if (count1 < least) least = count1
    if (count2 < least) least = count2
    if (count3 < least) least = count3
    if (least === COUNTER_MAX) return
    // Only counters below the new estimate rise: the others are high because of somebody else.
    const raised = least + times < COUNTER_MAX ? least + times : COUNTER_MAX
    if (count0 < raised) words[word0]! += (raised - count0) << shift0
    if (count1 < raised) words[word1]! += (raised - count1) << shift1
    if (count2 < raised) words[word2]! += (raised - count2) << shift2
    if (count3 < raised) words[word3]! += (raised - count3) << shift3
    this.#observed += times
    if (this.#observed >= this.#sampleSize) this.#halve()
  }

  #halve(): void {
    const words = this.#words
    for (let i = 0; i < words.length; i++) words[i] = (words[i]! >>> 1) & 0x77777777
    this.#observed >>>= 1
  }
}
