import { context, trace, type SpanContext } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'

/** A provider of meters whose figures are read on demand. */
export class Metrics {
  readonly #exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  readonly #provider: MeterProvider

  constructor() {
    const exportIntervalMillis = 2 ** 31 - 1
    const reader = new PeriodicExportingMetricReader({ exporter: this.#exporter, exportIntervalMillis })
    this.#provider = new MeterProvider({ readers: [reader] })
  }

  get meter(): ReturnType<MeterProvider['getMeter']> {
    return this.#provider.getMeter('cachette')
  }

  /** Returns all metrics by name. */
  async read(): Promise<ReadonlyMap<string, MetricData>> {
    this.#exporter.reset()
    await this.#provider.forceFlush()
    const metrics = this.#exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]))
  }

  /** Returns the figure with exactly these attributes; `undefined` = there is none. */
  async value(name: string, attributes: object): Promise<unknown> {
    const points = (await this.read()).get(name)?.dataPoints ?? []
    const id = idOf(attributes)
    return points.find((point) => idOf(point.attributes) === id)?.value
  }

  async close(): Promise<void> {
    await this.#provider.shutdown()
  }
}

function idOf(attributes: object): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** The global context manager, and a provider of tracers whose ended spans are kept. */
export class Traces {
  readonly #exporter = new InMemorySpanExporter()
  readonly #provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] })

  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  }

  get tracer(): ReturnType<BasicTracerProvider['getTracer']> {
    return this.#provider.getTracer('cachette')
  }

  /** Runs work in a span of a caller. Returns the identity of that span. */
  async inSpan(name: string, work: () => Promise<unknown>): Promise<SpanContext> {
    return this.tracer.startActiveSpan(name, async (span) => {
      try {
        await work()
      } finally {
        span.end()
      }
      return span.spanContext()
    })
  }

  /** The spans that have ended. */
  get spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans()
  }

  /** Returns the ended spans with names that begin so. */
  named(beginning: string): readonly ReadableSpan[] {
    return this.spans.filter(({ name }) => name.startsWith(beginning))
  }

  reset(): void {
    this.#exporter.reset()
  }

  async close(): Promise<void> {
    context.disable()
    await this.#provider.shutdown()
  }
}

/** The function that users give as `activeSpan`. */
export const activeSpan = trace.getActiveSpan
