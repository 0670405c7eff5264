import type { Runtime } from '../cache/runtime.ts'
import { collect } from '../metrics/collect.ts'
import { LOAD_DURATION, type Metric } from '../metrics/metric.ts'
import { METRICS } from '../metrics/metrics.ts'
import { LoadTimes, type Histogram } from './load-times.ts'

/** A line of a metric: a figure with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** The name of a part of a histogram; absent = that of the metric. */
  readonly metricName?: string
}

/** A metric in the form of Prometheus. */
export interface PrometheusMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** The way in which the figures of several processes become one. */
  readonly aggregator: 'sum' | 'max'
  /** Reads the figures. */
  readonly samples: (runtimes: Iterable<Runtime>) => readonly Sample[]
}

/** All metrics, in the order in which they are written. */
export const PROMETHEUS_METRICS: readonly PrometheusMetric[] = [...METRICS.map(plain), loadDuration()]

function plain(metric: Metric): PrometheusMetric {
  const { name, unit, kind, help, isMaximum } = metric
  return {
    name: nameOf(name, unit) + (kind === 'counter' ? '_total' : ''),
    help,
    type: kind,
    aggregator: isMaximum === true ? 'max' : 'sum',
    samples: (runtimes) => collect(metric, runtimes),
  }
}

function loadDuration(): PrometheusMetric {
  const { name: dotted, unit, help } = LOAD_DURATION
  const name = nameOf(dotted, unit)
  const samples = (runtimes: Iterable<Runtime>): readonly Sample[] =>
    LoadTimes.collect(runtimes).flatMap((histogram) => linesOf(name, histogram))
  return { name, help, type: 'histogram', aggregator: 'sum', samples }
}

function linesOf(name: string, { labels, buckets, sum }: Histogram): readonly Sample[] {
  let count = 0
  const lines = buckets.map((more, index) => {
    count += more
    const le = LOAD_DURATION.bounds[index] ?? '+Inf'
    return { labels: { le, ...labels }, value: count, metricName: `${name}_bucket` }
  })
  return [
    ...lines,
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ]
}

function nameOf(dotted: string, unit: string): string {
  return dotted.replaceAll('.', '_') + (unit === 's' ? '_seconds' : '')
}
