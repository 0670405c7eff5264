// Counters are atomic, and the window of a limit is never prolonged by those who come late.
import { key, MemoryCache } from 'cachette'
import { FakeClock } from 'cachette/testing'

const clock = new FakeClock()
const cache = new MemoryCache({ clock })

await cache.set('visits', 0)
console.log('visits:', await cache.increment('visits'))
console.log('visits:', await cache.increment('visits', 10))

class RateLimitExceeded extends Error {}

async function handleRequest(userId: number): Promise<string> {
  // The ttl applies when the counter is new: the window ends a minute after its first request.
  const count = await cache.increment(key('rate_limit', userId), 1, '1m')
  // `undefined` would mean that the store is in trouble: a limit that can't count lets the request pass.
  if (count !== undefined && count > 10) throw new RateLimitExceeded(`request ${count} of user ${userId}`)
  return 'served'
}

async function send(requests: number): Promise<void> {
  const answers = await Promise.allSettled(Array.from({ length: requests }, () => handleRequest(7)))
  const served = answers.filter((answer) => answer.status === 'fulfilled').length
  console.log(`${requests} sent: ${served} served, ${requests - served} refused`)
}

await send(12)
await clock.advance('40s')
await send(1)
await clock.advance('20s')
await send(1)
