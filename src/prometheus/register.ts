import type { Runtime } from '../cache/runtime.ts'
import { runtimesOf, type Caches } from '../metrics/caches.ts'
import { checkMethods, checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'
import { PROMETHEUS_METRICS, type PrometheusMetric, type Sample } from './families.ts'
import { LoadTimes } from './load-times.ts'

/** A registry of `prom-client`, 14 or 15. */
export interface PrometheusRegistry {
  /** Adds a metric. */
  registerMetric(metric: never): void
  /** Removes the metric of that name. */
  removeSingleMetric(name: string): void
}

/** Options of {@link register}. */
export interface RegisterOptions {
  /** The registry that collects the figures, such as `register` of `prom-client`. */
  readonly registry: PrometheusRegistry
}

/**
 * Lets a registry of `prom-client` collect the figures of one cache or several. They are read when the registry is, so
 * calls of the cache cost nothing more. Returns the function that ends it.
 *
 * @throws OptionsError for anything that is not a cache or a registry; the registry's error if it has other metrics of
 * these names.
 */
export function register(caches: Caches, options: RegisterOptions): () => void {
  const runtimes = runtimesOf(caches, 'register')
  checkReadable(options, 'register')
  checkOptions(options, ['registry'], 'register')
  const { registry } = options
  checkMethods(registry, ['registerMetric', 'removeSingleMetric'], 'register: options: registry')
  const collectors = Collectors.of(registry)
  collectors.register()
  for (const runtime of runtimes) collectors.add(runtime)
  let isEnded = false
  return () => {
    if (isEnded) return
    isEnded = true
    for (const runtime of runtimes) collectors.remove(runtime)
  }
}

const known = new WeakMap<PrometheusRegistry, Collectors>()

/** The metrics of a registry, with all caches that were registered there. */
class Collectors {
  readonly #registry: PrometheusRegistry
  // How often each cache was registered.
  readonly #runtimes = new Map<Runtime, number>()
  readonly #metrics: readonly RegisteredMetric[]

  private constructor(registry: PrometheusRegistry) {
    this.#registry = registry
    this.#metrics = PROMETHEUS_METRICS.map((metric) => new RegisteredMetric(metric, this.#runtimes))
  }

  static of(registry: PrometheusRegistry): Collectors {
    let collectors = known.get(registry)
    if (collectors === undefined) known.set(registry, (collectors = new Collectors(registry)))
    return collectors
  }

  add(runtime: Runtime): void {
    this.#runtimes.set(runtime, (this.#runtimes.get(runtime) ?? 0) + 1)
    LoadTimes.of(runtime)
  }

  /** Registers the metrics. It is repeated for every cache, because `clear()` of a registry may have removed them. */
  register(): void {
    for (const metric of this.#metrics) this.#registry.registerMetric(metric as never)
  }

  remove(runtime: Runtime): void {
    const times = this.#runtimes.get(runtime)!
    if (times > 1) this.#runtimes.set(runtime, times - 1)
    else this.#runtimes.delete(runtime)
    if (this.#runtimes.size > 0) return
    for (const { name } of this.#metrics) this.#registry.removeSingleMetric(name)
  }
}

/** A metric with the methods that a registry of `prom-client` calls. */
class RegisteredMetric {
  /** The name; the registry shortens it for the format of OpenMetrics. */
  name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  readonly #samples: () => readonly Sample[]

  constructor(metric: PrometheusMetric, runtimes: ReadonlyMap<Runtime, number>) {
    this.name = metric.name
    this.help = metric.help
    this.type = metric.type
    this.aggregator = metric.aggregator
    this.#samples = () => metric.samples(runtimes.keys())
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#samples() }
  }

  /** Does nothing, because counts of a cache never go back. */
  reset(): void {}
}
