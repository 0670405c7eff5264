// Redis where one is configured, memory where none is: the code that uses the cache is the same.
import { type BaseCache, createCache, getRedisCache, MemoryCache } from 'cachette'

async function getCache(): Promise<BaseCache> {
  const redis = await getRedisCache()
  if (redis !== undefined) return redis
  return new MemoryCache()
}

const cache = await getCache()
console.log('a memory cache:', cache instanceof MemoryCache)
await cache.set('greeting', 'hello')
console.log(await cache.get('greeting'))
await cache.close()

// createCache makes that choice itself, and takes the options of every cache.
const other = await createCache({ name: 'pages', ttl: '5m', l1: { maxEntries: 1000 } })
await other.set('greeting', 'hello')
console.log('seconds left:', Math.ceil((await other.ttl('greeting')) ?? 0))
await other.close()
