import { KeyHash } from './hash.ts'

/** Bits that each text sets. */
const HASHES = 4
/** Above this share of its bits, a filter takes too many texts for members. */
const MOST_ONES = 0.1

/**
 * A set of texts that takes a fixed amount of memory. It knows every member. It takes a text that was never added for a
 * member with a probability of at most one in ten thousand.
 */
export class TextFilter {
  readonly #words: Uint32Array
  readonly #mask: number
  readonly #first: KeyHash
  readonly #second: KeyHash
  #ones = 0

  /** `bits` is a power of two, at least 32. The seed keeps strangers from choosing texts that collide. */
  constructor(bits: number, seed: number) {
    this.#words = new Uint32Array(bits / 32)
    this.#mask = bits - 1
    this.#first = new KeyHash(seed)
    this.#second = new KeyHash(~seed)
  }

  /** Adds a text. Returns `false` if there was no room and it was not added. */
  add(text: string): boolean {
    if (this.#ones + HASHES > (this.#mask + 1) * MOST_ONES) return this.has(text)
    this.#each(text, (word, bit) => {
      if ((this.#words[word]! & bit) === 0) this.#ones++
      this.#words[word] = this.#words[word]! | bit
      return true
    })
    return true
  }

  has(text: string): boolean {
    return this.#each(text, (word, bit) => (this.#words[word]! & bit) !== 0)
  }

  // Returns whether `each` is true for every bit of the text.
  #each(text: string, each: (word: number, bit: number) => boolean): boolean {
    let place = this.#first.of(text)
    const step = this.#second.of(text) | 1
    for (let hash = 0; hash < HASHES; hash++) {
      const at = place & this.#mask
      if (!each(at >>> 5, 1 << (at & 31))) return false
      place = (place + step) | 0
    }
    return true
  }
}
