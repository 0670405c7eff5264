export type { Caches } from '../metrics/caches.ts'
export { instrument, type SentryOptions } from './instrument.ts'
export type { SentryLike } from './sdk.ts'
