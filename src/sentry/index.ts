export type { Caches } from '../metrics/caches.ts'
export { instrument, type SentryLike, type SentryOptions } from './instrument.ts'
