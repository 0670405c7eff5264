import type { Runtime } from '../cache/runtime.ts'
import type { Observer } from '../core/observing/observer.ts'
import { collect } from '../metrics/collect.ts'
import { guarded } from '../metrics/guarded.ts'
import { familyLabel, LOAD_DURATION, loadResult } from '../metrics/metric.ts'
import { METRICS } from '../metrics/metrics.ts'
import type { OtelBatchResult, OtelHistogram, OtelMeter } from './api.ts'
import { attributesOf } from './attributes.ts'

/**
 * Lets a meter read the figures of caches when it collects, and records the times of their loads. Returns the function
 * that ends both.
 */
export function measure(runtimes: ReadonlySet<Runtime>, meter: OtelMeter): () => void {
  const caches = MeasuredCaches.of(meter)
  for (const runtime of runtimes) caches.add(runtime)
  return () => {
    for (const runtime of runtimes) caches.remove(runtime)
  }
}

const known = new WeakMap<OtelMeter, MeasuredCaches>()

/**
 * All caches that a meter reads. They have one callback, because a meter keeps only the last figure with the same
 * attributes, and figures of caches of one name are added up.
 */
class MeasuredCaches {
  readonly #meter: OtelMeter
  readonly #instruments: readonly never[]
  readonly #histogram: OtelHistogram
  readonly #runtimes = new Map<Runtime, { times: number; readonly stop: () => void }>()

  private constructor(meter: OtelMeter) {
    this.#meter = meter
    this.#instruments = METRICS.map(({ name, unit, help: description, kind }) => {
      const options = { unit, description }
      const instrument =
        kind === 'counter'
          ? meter.createObservableCounter(name, options)
          : meter.createObservableGauge(name, options)
      return instrument as never
    })
    const { name, unit, help: description, bounds } = LOAD_DURATION
    const advice = { explicitBucketBoundaries: [...bounds] }
    this.#histogram = meter.createHistogram(name, { unit, description, advice })
  }

  static of(meter: OtelMeter): MeasuredCaches {
    let caches = known.get(meter)
    if (caches === undefined) known.set(meter, (caches = new MeasuredCaches(meter)))
    return caches
  }

  add(runtime: Runtime): void {
    const measured = this.#runtimes.get(runtime)
    if (measured !== undefined) {
      measured.times++
      return
    }
    if (this.#runtimes.size === 0) this.#meter.addBatchObservableCallback(this.#read, [...this.#instruments])
    const stop = runtime.observe(guarded(this.#loadsOf(runtime), runtime.trouble))
    this.#runtimes.set(runtime, { times: 1, stop })
  }

  remove(runtime: Runtime): void {
    const measured = this.#runtimes.get(runtime)!
    measured.times--
    if (measured.times > 0) return
    measured.stop()
    this.#runtimes.delete(runtime)
    if (this.#runtimes.size === 0)
      this.#meter.removeBatchObservableCallback(this.#read, [...this.#instruments])
  }

  readonly #read = (result: OtelBatchResult): void => {
    for (const [index, metric] of METRICS.entries())
      for (const { value, labels } of collect(metric, this.#runtimes.keys()))
        result.observe(this.#instruments[index]!, value, attributesOf(labels))
  }

  #loadsOf(runtime: Runtime): Observer {
    return {
      load: ({ family, outcome, durationMs }) => {
        const labels = { cache: runtime.name, family: familyLabel(family), result: loadResult(outcome) }
        this.#histogram.record(durationMs / 1000, attributesOf(labels))
      },
    }
  }
}
