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

  /**
   * Registers the metrics. It is repeated for every cache, because `clear()` of a registry may have removed them.
   * @throws the registry's error if it has another metric of a name. Then it has none of these.
   */
  register(): void {
    const registered: RegisteredMetric[] = []
    try {
      for (const metric of this.#metrics) {
        metric.name = metric.fullName
        this.#registry.registerMetric(metric as never)
        registered.push(metric)
      }
    } catch (error) {
      if (this.#runtimes.size === 0) this.#unregister(registered)
      throw error
    }
  }

  remove(runtime: Runtime): void {
    const times = this.#runtimes.get(runtime)!
    if (times > 1) this.#runtimes.set(runtime, times - 1)
    else this.#runtimes.delete(runtime)
    if (this.#runtimes.size === 0) this.#unregister(this.#metrics)
  }

  #unregister(metrics: readonly RegisteredMetric[]): void {
    for (const { fullName } of metrics) this.#registry.removeSingleMetric(fullName)
  }
}

/** A metric with the methods that a registry of `prom-client` calls. */
class RegisteredMetric {
  /** The name under which it is registered. */
  readonly fullName: string
  /** The same; a registry shortens it at each reading in the format of OpenMetrics. */
  name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  readonly #samples: () => readonly Sample[]

  constructor(metric: PrometheusMetric, runtimes: ReadonlyMap<Runtime, number>) {
    this.fullName = this.name = metric.name
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
