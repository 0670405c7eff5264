// Storing a value and getting it back, until its ttl ends.
import { MemoryCache } from 'cachette'

const cache = new MemoryCache()

await cache.set('key', 'value', '10m')
console.log('key:', await cache.get('key'))
console.log('seconds left:', Math.ceil((await cache.ttl('key')) ?? 0))

function computeExpensiveValue(): number {
  console.log('computing')
  return 42
}

// The long way; get-or-set.ts has the short one, which is right under concurrent callers, too.
async function expensiveValue(): Promise<number> {
  const cached = await cache.get<number>('my_key')
  if (cached !== undefined) return cached
  const value = computeExpensiveValue()
  await cache.set('my_key', value, { hours: 1 })
  return value
}

console.log('first:', await expensiveValue())
console.log('second:', await expensiveValue())

console.log('deleted:', await cache.delete('my_key'))
console.log('then:', await cache.get('my_key'))
await cache.close()
