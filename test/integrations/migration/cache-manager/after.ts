import { createCache } from 'cachette'
import type { Database, User, Users } from '../database.ts'

export async function users(url: string, db: Database): Promise<Users> {
  const cache = await createCache({ redis: url, prefix: 'shop:', ttl: '10m' })
  const byId = cache.namespace<User>('user')
  return {
    find: async (id) => byId.getOrSet<User | undefined>(String(id), async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await byId.delete(String(id))
    },
    close: async () => cache.close(),
  }
}
