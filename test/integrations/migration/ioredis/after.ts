import { createCache } from 'cachette'
import type { Database, User, Users } from '../database.ts'

export async function users(url: string, db: Database): Promise<Users> {
  // The same keys and the same JSON. `l1: false` until the last process of the old release has ended.
  const cache = await createCache({ redis: url, prefix: 'user:', ttl: '10m', l1: false })
  return {
    find: async (id) => cache.getOrSet<User | undefined>(String(id), async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await cache.delete(String(id))
    },
    close: async () => cache.close(),
  }
}
