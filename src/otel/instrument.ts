import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { runtimesOf, type Caches } from '../metrics/caches.ts'
import { guarded } from '../metrics/guarded.ts'
import { checkMethods, checkReadable } from '../options/checks.ts'
import { checkOptions } from '../options/options.ts'
import type { OtelMeter, OtelSpan, OtelTracer } from './api.ts'
import { measure } from './metrics.ts'
import { Spans } from './spans.ts'

/** Options of {@link instrument}. Without `meter` there are no metrics, and without `tracer` no spans. */
export interface InstrumentOptions {
  /** The meter of the metrics, such as `metrics.getMeter('cachette')`. */
  readonly meter?: OtelMeter | undefined
  /** The tracer of the spans, such as `trace.getTracer('cachette')`. */
  readonly tracer?: OtelTracer | undefined
  /**
   * Returns the span of the caller: `trace.getActiveSpan`. Without it no span links to another, and calls of the server
   * have no spans.
   */
  readonly activeSpan?: (() => OtelSpan | undefined) | undefined
  /** Whether spans name keys, in `cache.key`; default `false`. */
  readonly keys?: boolean | undefined
}

const OPTIONS = ['meter', 'tracer', 'activeSpan', 'keys']

/**
 * Shows what one cache or several do, by OpenTelemetry. Metrics are read when they are collected. There are spans for
 * loads, and for calls of a server. Returns the function that ends it.
 *
 * @throws OptionsError for anything that is not a cache, or a wrong option.
 */
export function instrument(caches: Caches, options: InstrumentOptions): () => void {
  const runtimes = runtimesOf(caches, 'instrument')
  checkReadable(options, 'instrument')
  checkOptions(options, OPTIONS, 'instrument')
  const { meter, tracer, activeSpan, keys: withKeys = false } = options
  if (meter !== undefined) checkMethods(meter, ['createObservableCounter'], 'instrument: options: meter')
  if (tracer !== undefined) checkMethods(tracer, ['startActiveSpan'], 'instrument: options: tracer')
  if (activeSpan !== undefined && typeof activeSpan !== 'function')
    throw new OptionsError(`instrument: activeSpan: ${inspect(activeSpan)} is not a function`)
  if (typeof withKeys !== 'boolean')
    throw new OptionsError(`instrument: keys: ${inspect(withKeys)} is not true or false`)
  if (meter === undefined && tracer === undefined)
    throw new OptionsError('instrument: options: neither meter nor tracer is given')
  const ends = meter === undefined ? [] : [measure(runtimes, meter)]
  if (tracer !== undefined) {
    for (const runtime of runtimes) {
      const spans = new Spans(runtime, { tracer, activeSpan, withKeys })
      ends.push(runtime.observe(guarded(spans, runtime.trouble)), () => spans.close())
    }
  }
  return () => {
    for (const end of ends.splice(0)) end()
  }
}
