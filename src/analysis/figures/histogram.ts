import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { isList } from '../../internal/objects.ts'
import { checkReadable } from '../../options/checks.ts'

/** The counts of a {@link Histogram} as plain JSON, such as another process can add to its own. */
export interface HistogramData {
  /** The number of values, weights included. */
  readonly count: number
  /** The sum of the values. */
  readonly sum: number
  /** The least value; 0 if there is none. */
  readonly min: number
  /** The greatest value; 0 if there is none. */
  readonly max: number
  /** The number of the first bucket in `counts`. */
  readonly first: number
  /** The number of values of each bucket. */
  readonly counts: readonly number[]
}

const scratch = new Float32Array(1)
const scratchBits = new Int32Array(scratch.buffer)

// The bits of a 32-bit float number its values in order. Eight bits of exponent and four of the fraction are the number
// of a bucket, so each power of two has 16 buckets of equal width.
const SHIFT = 19
const LEAST = 2 ** -10
const MOST = 2 ** 40
const LOWEST = bitsOf(LEAST) >>> SHIFT
const BUCKETS = (bitsOf(MOST) >>> SHIFT) - LOWEST
// The array of counts grows by so many buckets at a time.
const STEP = 32

/**
 * The distribution of positive values, in buckets that widen with the values. A quantile is off by at most a 32nd
 * (3.2 %) for values between 2^-10 and 2^40, which is a microsecond to 34 years in milliseconds, and a terabyte in bytes.
 * Values beyond count in the outermost buckets. It takes at most 6.4 KB, and most often half a kilobyte, because only
 * the range that is in use has counts. No value is ever forgotten.
 */
export class Histogram {
  #counts = new Float64Array(0)
  /** The number of the bucket that the first count is for. */
  #first = 0
  #count = 0
  #sum = 0
  #min = Infinity
  #max = 0

  /** The number of values, weights included. */
  get count(): number {
    return this.#count
  }

  /** The sum of the values. */
  get sum(): number {
    return this.#sum
  }

  /** Notes a value that stands for `weight` values. */
  add(value: number, weight = 1): void {
    // Also for NaN.
    if (!(value >= 0)) return
    const bucket = bucketOf(value)
    if (bucket < this.#first || bucket >= this.#first + this.#counts.length) this.#reach(bucket)
    this.#counts[bucket - this.#first]! += weight
    this.#count += weight
    this.#sum += value * weight
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  /** Returns the counts as plain JSON. */
  data(): HistogramData {
    const used = this.#counts.findIndex((count) => count > 0)
    const last = this.#counts.findLastIndex((count) => count > 0)
    return {
      count: this.#count,
      sum: this.#sum,
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#max,
      first: this.#first + Math.max(0, used),
      counts: used < 0 ? [] : [...this.#counts.subarray(used, last + 1)],
    }
  }

  // Makes the array reach to the bucket.
  #reach(bucket: number): void {
    const isEmpty = this.#counts.length === 0
    const from = Math.min(isEmpty ? bucket : this.#first, bucket)
    const to = Math.max(isEmpty ? bucket : this.#first + this.#counts.length, bucket + 1)
    const first = Math.floor(from / STEP) * STEP
    const counts = new Float64Array(Math.ceil((to - first) / STEP) * STEP)
    counts.set(this.#counts, isEmpty ? 0 : this.#first - first)
    this.#counts = counts
    this.#first = first
  }
}

/** Returns the value below which the share `q` of all values lies, or `undefined` if there is none. @throws OptionsError for anything else. */
export function quantile(data: HistogramData, q: number): number | undefined {
  if (!(typeof q === 'number' && q >= 0 && q <= 1))
    throw new OptionsError(`quantile: ${inspect(q)} is not a number from 0 to 1`)
  checkReadable(data, 'quantile: data')
  if (!isList(data.counts)) throw new OptionsError('quantile: data: this is not a histogram')
  if (data.count === 0) return undefined
  let left = q * data.count
  for (const [index, count] of data.counts.entries()) {
    left -= count
    if (left <= 0) return within(middleOf(data.first + index), data)
  }
  return data.max
}

/** Returns the middle of each bucket in use and its count, in ascending order. */
export function histogramBuckets(data: HistogramData): readonly (readonly [value: number, count: number])[] {
  const buckets: (readonly [number, number])[] = []
  for (const [index, count] of data.counts.entries()) {
    if (count > 0) buckets.push([middleOf(data.first + index), count])
  }
  return buckets
}

/** Adds up the counts of several histograms, such as those of several processes. */
export function mergeHistograms(all: readonly HistogramData[]): HistogramData {
  const used = all.filter(({ count }) => count > 0)
  if (used.length === 0) return { count: 0, sum: 0, min: 0, max: 0, first: 0, counts: [] }
  const first = Math.min(...used.map((one) => one.first))
  const end = Math.max(...used.map((one) => one.first + one.counts.length))
  const counts = Array.from({ length: end - first }, () => 0)
  for (const one of used)
    for (const [index, count] of one.counts.entries()) counts[one.first - first + index]! += count
  return {
    count: used.reduce((sum, { count }) => sum + count, 0),
    sum: used.reduce((total, { sum }) => total + sum, 0),
    min: Math.min(...used.map(({ min }) => min)),
    max: Math.max(...used.map(({ max }) => max)),
    first,
    counts,
  }
}

function within(value: number, { min, max }: HistogramData): number {
  return Math.min(max, Math.max(min, value))
}

function bucketOf(value: number): number {
  if (value < LEAST) return 0
  return Math.min(BUCKETS - 1, (bitsOf(value) >>> SHIFT) - LOWEST)
}

function middleOf(bucket: number): number {
  const low = valueOf((bucket + LOWEST) << SHIFT)
  return (low + valueOf((bucket + 1 + LOWEST) << SHIFT)) / 2
}

function bitsOf(value: number): number {
  scratch[0] = value
  return scratchBits[0]!
}

function valueOf(bits: number): number {
  scratchBits[0] = bits
  return scratch[0]!
}
