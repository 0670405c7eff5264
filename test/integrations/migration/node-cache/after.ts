import { MemoryCache } from 'cachette'
import type { Database, User, Users } from '../database.ts'

export async function users(_url: string, db: Database): Promise<Users> {
  const cache = new MemoryCache<User>({ ttl: 600, maxEntries: 10_000 })
  return {
    find: async (id) => cache.getOrSet<User | undefined>(`user:${id}`, async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await cache.delete(`user:${id}`)
    },
    close: async () => cache.close(),
  }
}
