export type { Caches } from '../metrics/caches.ts'
export type { OtelMeter, OtelSpan, OtelTracer } from './api.ts'
export { instrument, type InstrumentOptions } from './instrument.ts'
