export type { IoredisClient, NodeRedisClient } from './connection/users-client.ts'
export { RedisCache } from './redis-cache.ts'
export type { RedisCacheOptions } from './redis-options.ts'
