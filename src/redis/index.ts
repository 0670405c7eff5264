export { RedisCache } from './redis-cache.ts'
export type { RedisCacheOptions, RedisCacheSettings } from './redis-options.ts'
