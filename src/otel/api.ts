/** Attributes of OpenTelemetry. */
export type OtelAttributes = Readonly<Record<string, string | number | boolean | string[]>>

/** The identity of a span. */
export interface OtelSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

/** A span of `@opentelemetry/api`, as far as it is used. */
export interface OtelSpan {
  /** Returns its identity. */
  spanContext(): OtelSpanContext
  /** Adds attributes. */
  setAttributes(attributes: OtelAttributes): unknown
  /** Sets the status; code 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown
  /** Adds an event of this moment. */
  addEvent(name: string, attributes?: OtelAttributes): unknown
  /** Absent before version 1.9 of the API. */
  addLink?(link: { context: OtelSpanContext }): unknown
  /** Adds an event for an error. */
  recordException(error: Error | string): void
  /** Ends the span, at that time. */
  end(endTime?: number): void
}

/** Options of a new span. */
export interface OtelSpanOptions {
  kind?: number
  attributes?: OtelAttributes
  links?: { context: OtelSpanContext }[]
  startTime?: number
  root?: boolean
}

/** A tracer of `@opentelemetry/api`, as far as it is used. */
export interface OtelTracer {
  /** Starts a span below the active one. */
  startSpan(name: string, options?: OtelSpanOptions): OtelSpan
  /** Starts a span, and calls `fn` while it is the active one. */
  startActiveSpan(name: string, options: OtelSpanOptions, fn: (span: OtelSpan) => unknown): unknown
}

/** Options of an instrument. */
export interface OtelInstrumentOptions {
  description?: string
  unit?: string
  advice?: { explicitBucketBoundaries?: number[] }
}

/** The target of a callback that reads instruments. */
export interface OtelBatchResult {
  observe(instrument: never, value: number, attributes?: OtelAttributes): void
}

/** A histogram of `@opentelemetry/api`. */
export interface OtelHistogram {
  /** Records a value. */
  record(value: number, attributes?: OtelAttributes): void
}

/** A meter of `@opentelemetry/api`, as far as it is used. */
export interface OtelMeter {
  /** Makes a counter that is read when figures are collected. */
  createObservableCounter(name: string, options?: OtelInstrumentOptions): object
  /** Makes a gauge that is read when figures are collected. */
  createObservableGauge(name: string, options?: OtelInstrumentOptions): object
  /** Makes a histogram. */
  createHistogram(name: string, options?: OtelInstrumentOptions): OtelHistogram
  /** Adds a callback that reads these instruments. */
  addBatchObservableCallback(callback: (result: OtelBatchResult) => void, instruments: never[]): void
  /** Removes such a callback. */
  removeBatchObservableCallback(callback: (result: OtelBatchResult) => void, instruments: never[]): void
}
