// A program with a cache of each kind that closes it and has nothing else to do: `program URL`. It has to end by itself.
import { createCache, getRedisCache, type BaseCache } from 'cachette'
import { RedisCache } from 'cachette/redis'

const [url = ''] = process.argv.slice(2)
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const options = { prefix: `program${process.pid}:`, ttl: '1h', logger: silent } as const

async function use(cache: BaseCache | undefined, expected = true): Promise<void> {
  if (cache === undefined) throw new Error('there is no cache')
  const user = await cache.getOrSet('user:7', () => ({ name: 'Ada' }), { tags: ['users'] })
  if (user.name !== 'Ada') throw new Error(`getOrSet answered ${JSON.stringify(user)}`)
  const { l2 } = await cache.invalidateTag('users')
  if (expected && l2 !== 'acked') throw new Error(`invalidateTag answered ${l2}`)
  await cache.close()
}

await use(await createCache({ logger: silent }), false)
await use(await createCache({ redis: url, ...options }))
await use(await createCache({ redis: url, l1: false, ...options }))
await use(await RedisCache.fromUrl(url, options))
await use(await getRedisCache({ url, ...options }))

// Closed before it is connected.
const early = await createCache({ redis: url, ...options })
await early.close()
console.log('closed')
