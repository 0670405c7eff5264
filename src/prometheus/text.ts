import { runtimesOf, type Caches } from '../metrics/caches.ts'
import { PROMETHEUS_METRICS, type PrometheusMetric, type Sample } from './families.ts'

/**
 * Returns the figures of one cache or several in the text format of Prometheus, version 0.0.4, for a page such as
 * `/metrics`. Its type is `text/plain; version=0.0.4; charset=utf-8`. The times of loads begin with the first call.
 *
 * @throws OptionsError for anything that is not a cache.
 */
export function metricsText(caches: Caches): string {
  const runtimes = runtimesOf(caches, 'metricsText')
  return PROMETHEUS_METRICS.map((metric) => textOf(metric, metric.samples(runtimes))).join('')
}

function textOf({ name, help, type }: PrometheusMetric, samples: readonly Sample[]): string {
  const head = `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n`
  return head + samples.map((sample) => lineOf(name, sample)).join('')
}

function lineOf(name: string, { labels, value, metricName = name }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${quoted(String(text))}"`)
  return `${metricName}{${pairs.join(',')}} ${numberOf(value)}\n`
}

function numberOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function quoted(text: string): string {
  return escaped(text.toWellFormed()).replaceAll('"', '\\"')
}
