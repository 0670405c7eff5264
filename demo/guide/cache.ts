import { MemoryCache, TieredCache } from 'cachette'
import type { BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'

/** The guide's cache, with what it is made of; disposing of it closes both. */
export interface GuideCache extends AsyncDisposable {
  readonly cache: BaseCache
}

/**
 * The milliseconds that a page waits for a silent Redis at most. A page asks twice in a row at most, for a list and for
 * its cities, so that each question gets half of it.
 */
export const DEADLINE_MS = 500

/** In memory; with Redis, a memory in front of it, kept in step with those of other processes. */
export async function openGuideCache(redis?: {
  readonly url: string
  readonly prefix: string
}): Promise<GuideCache> {
  const name = 'city guide'
  if (redis === undefined) {
    const cache = new MemoryCache({ name })
    return { cache, [Symbol.asyncDispose]: () => cache.close() }
  }
  const l2 = await RedisCache.create({
    ...redis,
    name,
    ttl: '1d',
    deadline: { hard: { milliseconds: DEADLINE_MS / 2 } },
  })
  const cache = new TieredCache({ name, l1: {}, l2, ttl: '1d' })
  return {
    cache,
    async [Symbol.asyncDispose]() {
      await cache.close()
      await l2.close()
    },
  }
}
