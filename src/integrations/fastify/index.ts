export type { RateLimitOptions } from '../rate-limit/middleware.ts'
export type { RateLimitStoreOptions } from '../rate-limit/store-options.ts'
export { rateLimitStore } from './rate-limit-store.ts'
export { rateLimit } from './rate-limit.ts'
