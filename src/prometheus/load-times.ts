import type { Runtime } from '../cache/runtime.ts'
import type { LoadReport, Observer } from '../core/observing/observer.ts'
import { idOf } from '../metrics/collect.ts'
import { familyLabel, LOAD_DURATION, loadResult, type Labels } from '../metrics/metric.ts'

/** The times of loads with the same labels. */
export interface Histogram {
  readonly labels: Labels
  /** The number of loads whose time is in each bucket, and not in one before it. The last has no upper bound. */
  readonly buckets: number[]
  /** The seconds of all of them. */
  sum: number
}

const watched = new WeakMap<Runtime, LoadTimes>()

/** The times of the loads of a cache, from the moment at which its figures were first asked for. */
export class LoadTimes implements Observer {
  readonly #cache: string
  readonly #histograms = new Map<string, Histogram>()

  private constructor(cache: string) {
    this.#cache = cache
  }

  /** Returns the times of a cache. The first call begins to record them. */
  static of(runtime: Runtime): LoadTimes {
    let times = watched.get(runtime)
    if (times === undefined) {
      times = new LoadTimes(runtime.name)
      watched.set(runtime, times)
      runtime.observe(times)
    }
    return times
  }

  load({ family, outcome, durationMs }: LoadReport): void {
    const labels = { cache: this.#cache, family: familyLabel(family), result: loadResult(outcome) }
    const id = idOf(labels)
    let histogram = this.#histograms.get(id)
    if (histogram === undefined) {
      histogram = { labels, buckets: [0, ...LOAD_DURATION.bounds.map(() => 0)], sum: 0 }
      this.#histograms.set(id, histogram)
    }
    const seconds = durationMs / 1000
    const bucket = LOAD_DURATION.bounds.findIndex((bound) => seconds <= bound)
    histogram.buckets[bucket < 0 ? LOAD_DURATION.bounds.length : bucket]!++
    histogram.sum += seconds
  }

  /** Returns the histograms of several caches. Those with the same labels become one. */
  static collect(runtimes: Iterable<Runtime>): readonly Histogram[] {
    const all = new Map<string, Histogram>()
    for (const runtime of runtimes) {
      for (const [id, { labels, buckets, sum }] of LoadTimes.of(runtime).#histograms) {
        const same = all.get(id)
        const added =
          same === undefined ? [...buckets] : buckets.map((count, at) => count + same.buckets[at]!)
        all.set(id, { labels, buckets: added, sum: sum + (same?.sum ?? 0) })
      }
    }
    return [...all.values()]
  }
}
