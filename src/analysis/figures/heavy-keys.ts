/** A total below this says nothing any more. Shares of a total that has faded to zero would be no numbers. */
const LEAST_TOTAL = 1e-9

/** A key with a large part of a total. */
export interface HeavyKey {
  readonly key: string
  /** The amount noted for it, which is too high by at most `excess` and never too low. */
  readonly amount: number
  /** The part of the amount that may belong to keys that were forgotten for it. */
  readonly excess: number
}

/**
 * The keys with the largest amounts, in bounded memory, by the algorithm Space-Saving (Metwally, Agrawal and El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005), with weights. If all places are taken,
 * a new key takes that of the smallest amount and inherits the amount as its excess. No key with more than
 * `total / places` is missing. It keeps at most `places` keys, which are at most 1,024 bytes each.
 */
export class HeavyKeys {
  readonly #places: number
  readonly #place = new Map<string, number>()
  readonly #keys: string[] = []
  readonly #amounts: Float64Array
  readonly #excesses: Float64Array
  #total = 0

  constructor(places: number) {
    this.#places = places
    this.#amounts = new Float64Array(places)
    this.#excesses = new Float64Array(places)
  }

  /** The sum of all amounts. */
  get total(): number {
    return this.#total
  }

  /** The largest amount that a key may have without a place. */
  get hidden(): number {
    return this.#keys.length < this.#places ? 0 : Math.min(...this.#amounts)
  }

  /** Notes an amount of a key. */
  add(key: string, amount: number): void {
    if (!(amount > 0)) return
    this.#total += amount
    let place = this.#place.get(key)
    if (place === undefined) {
      if (this.#keys.length < this.#places) place = this.#keys.length
      else {
        place = this.#smallest()
        this.#place.delete(this.#keys[place]!)
        this.#excesses[place] = this.#amounts[place]!
      }
      this.#keys[place] = key
      this.#place.set(key, place)
    }
    this.#amounts[place]! += amount
  }

  /** Returns the `count` keys with the largest amounts, largest first. */
  top(count: number): readonly HeavyKey[] {
    return this.#keys
      .map((key, place) => ({ key, amount: this.#amounts[place]!, excess: this.#excesses[place]! }))
      .toSorted((a, b) => b.amount - a.amount)
      .slice(0, count)
  }

  /** Halves everything, so that what happened lately counts more. What is next to nothing is forgotten. */
  fade(): void {
    this.#total /= 2
    if (this.#total < LEAST_TOTAL) return this.#forget()
    for (let place = 0; place < this.#keys.length; place++) {
      this.#amounts[place]! /= 2
      this.#excesses[place]! /= 2
    }
  }

  #forget(): void {
    this.#total = 0
    this.#place.clear()
    this.#keys.length = 0
    this.#amounts.fill(0)
    this.#excesses.fill(0)
  }

  #smallest(): number {
    const amounts = this.#amounts
    let smallest = 0
    for (let place = 1; place < amounts.length; place++) {
      if (amounts[place]! < amounts[smallest]!) smallest = place
    }
    return smallest
  }
}
