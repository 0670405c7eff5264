// Counters are atomic; a rate limiter counts each request in one step, and what it refuses is not counted.
import { key, MemoryCache } from 'cachette'
import { RateLimiter, RateLimitError, rateLimitHeaders } from 'cachette/ratelimit'
import { FakeClock } from 'cachette/testing'

const clock = new FakeClock()
const cache = new MemoryCache({ clock })

await cache.set('visits', 0)
console.log('visits:', await cache.increment('visits'))
console.log('visits:', await cache.increment('visits', 10))

// The same window by hand: the ttl applies when the counter is new, so that nobody who comes late prolongs it.
const count = await cache.increment(key('rate_limit', 7), 1, '1m')
await clock.advance('40s')
await cache.increment(key('rate_limit', 7), 1, '1m')
console.log('counted by hand:', count, 'then 2, for', await cache.ttl(key('rate_limit', 7)), 'more seconds')

// Better: it also says when to come again, and works while the store is away.
const limiter = new RateLimiter(cache, {
  name: 'requests',
  algorithm: 'fixed-window',
  limit: 10,
  window: '1m',
})

async function handleRequest(userId: number): Promise<string> {
  await limiter.enforce(key('user', userId))
  return 'served'
}

async function send(requests: number): Promise<void> {
  const answers = await Promise.allSettled(Array.from({ length: requests }, async () => handleRequest(7)))
  const served = answers.filter((answer) => answer.status === 'fulfilled').length
  console.log(`${requests} sent: ${served} served, ${requests - served} refused`)
}

await send(12)
await clock.advance('40s')
await send(1)
const error: unknown = await handleRequest(7).catch((thrown: unknown) => thrown)
if (error instanceof RateLimitError) console.log(error.message, rateLimitHeaders(error.result))
await clock.advance('20s')
await send(1)
