// A value is loaded when it is missing: once, however many ask for it at the same time.
import { MemoryCache } from 'cachette'

const cache = new MemoryCache()

async function loadExpensiveData(): Promise<{ answer: number }> {
  console.log('loading')
  return { answer: 42 }
}

const callers = Array.from({ length: 100 }, () => cache.getOrSet('my_key', loadExpensiveData, '1h'))
const values = await Promise.all(callers)
console.log(values.length, 'callers got', values[0])
console.log('later:', await cache.getOrSet('my_key', loadExpensiveData, '1h'))

// An error reaches the caller as it is, is not stored, and the next caller starts anew.
const outage = new Error('the database is down')
try {
  await cache.getOrSet('other_key', () => Promise.reject(outage))
} catch (error) {
  console.log('the same error:', error === outage)
}

// `null` is a value ("there is none"), `undefined` is not stored.
console.log('none:', await cache.getOrSet('user:404', () => null, '1m'))
console.log('stored:', await cache.has('user:404'))

const { hits, misses, loads, coalesced } = cache.stats()
console.log({ hits, misses, loads, coalesced })
await cache.close()
