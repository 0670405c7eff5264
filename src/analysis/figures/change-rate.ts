import { Histogram, type HistogramData, histogramBuckets, mergeHistograms } from './histogram.ts'

/** Half the quantile of the chi-squared distribution for 95 %: the log-likelihood falls by so much at the ends. */
const FALL = 1.92
const STEPS = 60

/** Observations of the changes of values, as plain JSON. Times are in milliseconds. */
export interface ChangeData {
  /** The times between two loads of a key that returned the same value. */
  readonly unchanged: HistogramData
  /** The times between two loads of a key that returned different values. */
  readonly changed: HistogramData
  /** The number of invalidations of a loaded key, which show the moment of the change. */
  readonly invalidated: number
  /** The sum of the times from the load to that invalidation. */
  readonly invalidatedAfterMs: number
}

/** The mean time between two changes of a value in milliseconds, and the ends of its interval of 95 %. */
export interface ChangeInterval {
  /** `Infinity` if no change was seen. */
  readonly meanMs: number
  readonly leastMs: number
  /** `Infinity` if no change was seen, because values may never change. */
  readonly mostMs: number
}

/** Notes what two loads of a key, or a load and an invalidation, show of the rate at which values change. */
export class ChangeRate {
  readonly #unchanged = new Histogram()
  readonly #changed = new Histogram()
  #invalidated = 0
  #invalidatedAfterMs = 0

  /** Notes that a load returned another value than the load before it, or the same, after a time. */
  loaded(afterMs: number, isChanged: boolean): void {
    if (isChanged) this.#changed.add(afterMs)
    else this.#unchanged.add(afterMs)
  }

  /** Notes that a key was invalidated some time after its load. */
  invalidated(afterMs: number): void {
    this.#invalidated++
    this.#invalidatedAfterMs += afterMs
  }

  /** Returns what was noted, as plain JSON. */
  data(): ChangeData {
    return {
      unchanged: this.#unchanged.data(),
      changed: this.#changed.data(),
      invalidated: this.#invalidated,
      invalidatedAfterMs: this.#invalidatedAfterMs,
    }
  }
}

/** Adds up what several processes have observed. */
export function mergeChanges(all: readonly ChangeData[]): ChangeData {
  return {
    unchanged: mergeHistograms(all.map(({ unchanged }) => unchanged)),
    changed: mergeHistograms(all.map(({ changed }) => changed)),
    invalidated: all.reduce((sum, { invalidated }) => sum + invalidated, 0),
    invalidatedAfterMs: all.reduce((sum, { invalidatedAfterMs }) => sum + invalidatedAfterMs, 0),
  }
}

/**
 * Estimates the time between two changes of a value, as if each value changed at random moments at one rate. An
 * unchanged load shows that there was no change since the load before it, a changed one that there was at least one,
 * and an invalidation its moment. The estimate is the rate that makes the observations likeliest. The interval holds
 * the rates that a likelihood-ratio test of 5 % does not refuse. Returns `undefined` if nothing was observed.
 */
export function changeInterval(data: ChangeData): ChangeInterval | undefined {
  const { unchanged, changed, invalidated, invalidatedAfterMs } = data
  const quietMs = unchanged.sum + invalidatedAfterMs
  const changes = changed.count + invalidated
  if (changes === 0) {
    if (!(quietMs > 0)) return undefined
    // One-sided: e^-3 is 5 %.
    return { meanMs: Infinity, leastMs: quietMs / 3, mostMs: Infinity }
  }
  const buckets = histogramBuckets(changed)
  const likelihood = (rate: number): number =>
    buckets.reduce((sum, [ms, count]) => sum + count * Math.log(-Math.expm1(-rate * ms)), -rate * quietMs) +
    (invalidated === 0 ? 0 : invalidated * Math.log(rate))
  const slope = (rate: number): number =>
    buckets.reduce((sum, [ms, count]) => sum + (count * ms) / Math.expm1(rate * ms), -quietMs) +
    invalidated / rate
  // A rate of a change in a million years, and of a thousand changes in a microsecond.
  const [lowest, highest] = [1e-17, 1e6]
  const best = root(slope, lowest, highest)
  const floor = likelihood(best) - FALL
  const slowest = root((rate) => floor - likelihood(rate), lowest, best)
  // If all loads returned other values, any higher rate is as likely.
  const fastest = root((rate) => likelihood(rate) - floor, best, highest)
  return { meanMs: 1 / best, leastMs: 1 / fastest, mostMs: 1 / slowest }
}

// Returns the place on a logarithmic scale where a falling function crosses zero.
function root(falls: (rate: number) => number, from: number, to: number): number {
  let low = Math.log(from)
  let high = Math.log(to)
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2
    if (falls(Math.exp(middle)) > 0) low = middle
    else high = middle
  }
  return Math.exp((low + high) / 2)
}
