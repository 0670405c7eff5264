import { createCache, MemoryCache } from 'cachette'
import type { BaseCache } from 'cachette'

/** The guide's cache: in memory; with Redis, a memory in front of it, kept in step with those of other processes. */
export async function createGuideCache(redis?: {
  readonly url: string
  readonly prefix: string
}): Promise<BaseCache> {
  if (redis === undefined) return new MemoryCache({ name: 'city guide' })
  return createCache({ redis: redis.url, prefix: redis.prefix, name: 'city guide' })
}
