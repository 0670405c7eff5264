// Several values in one round trip.
import { key, MemoryCache } from 'cachette'

interface User {
  readonly name: string
}

const cache = new MemoryCache<User>()

await cache.setMany(
  {
    'user:1': { name: 'Ada' },
    'user:2': { name: 'Grace' },
    'user:3': { name: 'Edsger' },
  },
  { minutes: 30 },
)

const users = await cache.getMany(['user:1', 'user:2', 'user:3', 'user:4'])
for (const [name, user] of users) console.log(name, '=', user?.name)

// The loader is asked for what is missing, in one call.
const keys = [3, 4, 5].map((id) => key('user', id))
const loaded = await cache.getOrSetMany(keys, async (missing) => {
  console.log('loading', missing)
  return new Map(missing.map((name) => [name, { name: `user number ${name.slice(5)}` }]))
})
console.log([...loaded.values()].map((user) => user.name))

console.log('removed:', await cache.deleteByPrefix('user:'))
console.log('left:', (await cache.getMany(keys)).size)
await cache.close()
