// One request asks the cache once for a key, and sees its own changes.
import { MemoryCache, type BaseCache } from 'cachette'
import { requestScope } from 'cachette/scope'

const cache = new MemoryCache({ ttl: '10m' })
await cache.set('user:7', { name: 'Ada' })

async function header(users: BaseCache): Promise<string> {
  const user = await users.get<{ name: string }>('user:7')
  return `signed in: ${user?.name ?? 'nobody'}`
}

async function page(users: BaseCache): Promise<string> {
  const user = await users.getOrSet('user:7', () => ({ name: 'from the database' }))
  return `profile of ${user.name}`
}

const mine = requestScope(cache)
console.log(await header(mine))
console.log(await page(mine))
console.log('hits:', cache.stats().hits)

// A change by another request is not seen in values that were read; a change by this one is.
await cache.set('user:7', { name: 'Grace' })
console.log(await header(mine))
await mine.refresh('user:7', () => ({ name: 'Edsger' }))
console.log(await header(mine))
