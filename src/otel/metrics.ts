import type { Runtime } from '../cache/runtime.ts'
import type { Observer } from '../core/observing/observer.ts'
import { collect } from '../metrics/collect.ts'
import { guarded } from '../metrics/guarded.ts'
import { familyLabel, LOAD_DURATION, loadResult } from '../metrics/metric.ts'
import { METRICS } from '../metrics/metrics.ts'
import type { OtelBatchResult, OtelMeter } from './api.ts'
import { attributesOf } from './attributes.ts'

/**
 * Lets a meter read the figures of caches when it collects, and records the times of their loads. Returns the function
 * that ends both.
 */
export function measure(runtimes: ReadonlySet<Runtime>, meter: OtelMeter): () => void {
  const instruments = METRICS.map((metric) => {
    const { name, unit, help: description, kind } = metric
    const options = { unit, description }
    const instrument =
      kind === 'counter'
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options)
    return { metric, instrument: instrument as never }
  })
  const all = instruments.map(({ instrument }) => instrument)
  const read = (result: OtelBatchResult): void => {
    for (const { metric, instrument } of instruments)
      for (const { value, labels } of collect(metric, runtimes))
        result.observe(instrument, value, attributesOf(labels))
  }
  meter.addBatchObservableCallback(read, all)
  const ends = recordLoads(runtimes, meter)
  return () => {
    meter.removeBatchObservableCallback(read, all)
    for (const end of ends) end()
  }
}

function recordLoads(runtimes: ReadonlySet<Runtime>, meter: OtelMeter): readonly (() => void)[] {
  const { name, unit, help: description, bounds } = LOAD_DURATION
  const advice = { explicitBucketBoundaries: [...bounds] }
  const histogram = meter.createHistogram(name, { unit, description, advice })
  return [...runtimes].map((runtime) => {
    const observer: Observer = {
      load({ family, outcome, durationMs }) {
        const labels = { cache: runtime.name, family: familyLabel(family), result: loadResult(outcome) }
        histogram.record(durationMs / 1000, attributesOf(labels))
      },
    }
    return runtime.observe(guarded(observer, runtime.trouble))
  })
}
