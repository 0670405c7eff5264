export { DrizzleCache, type DrizzleCacheOptions } from './drizzle-cache.ts'
export type { DrizzleCacheConfig, DrizzleMutation, DrizzleTable } from './types.ts'
