/** The normal quantile of a two-sided interval of 95 %. */
export const TWO_SIDED = 1.96

/** A mean, and what is needed to tell its error and to add that of another process. */
export interface MeanData {
  /** The number of values. */
  readonly count: number
  /** Their mean; 0 if there is none. */
  readonly mean: number
  /** The sum of the squared distances from the mean. */
  readonly squares: number
}

/** The running mean of values, and its error (Welford, "Note on a method for calculating corrected sums", 1962). */
export class Mean {
  #count = 0
  #mean = 0
  #squares = 0

  /** Notes a value. */
  add(value: number): void {
    const distance = value - this.#mean
    this.#mean += distance / ++this.#count
    this.#squares += distance * (value - this.#mean)
  }

  /** Returns the present figures as plain JSON. */
  data(): MeanData {
    return { count: this.#count, mean: this.#mean, squares: this.#squares }
  }
}

/** Returns the standard error of a mean; `Infinity` below two values, because nothing is known of their spread. */
export function standardError({ count, squares }: MeanData): number {
  return count < 2 ? Infinity : Math.sqrt(squares / (count - 1) / count)
}

/** Returns the mean of the values of both. */
export function mergeMeans(one: MeanData, other: MeanData): MeanData {
  const count = one.count + other.count
  if (count === 0) return one
  const distance = other.mean - one.mean
  return {
    count,
    mean: one.mean + (distance * other.count) / count,
    squares: one.squares + other.squares + (distance ** 2 * one.count * other.count) / count,
  }
}
