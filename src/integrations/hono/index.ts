export { rateLimitStore, type RateLimitStore } from '../rate-limit/store.ts'
export type { RateLimitOptions } from '../rate-limit/middleware.ts'
export type { RateLimitStoreOptions } from '../rate-limit/store-options.ts'
export { rateLimit } from './rate-limit.ts'
