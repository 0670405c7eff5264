import { LRUCache } from 'lru-cache'
import type { Database, User, Users } from '../database.ts'

export async function users(_url: string, db: Database): Promise<Users> {
  const cache = new LRUCache<string, User, Database>({
    max: 10_000,
    ttl: 600_000,
    fetchMethod: async (key, _stale, { context }) => context.find(Number(key.slice('user:'.length))),
  })
  return {
    find: async (id) => cache.fetch(`user:${id}`, { context: db }),
    async rename(id, name) {
      await db.rename(id, name)
      cache.delete(`user:${id}`)
    },
    close: async () => cache.clear(),
  }
}
