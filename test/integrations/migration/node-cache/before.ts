import NodeCache from 'node-cache'
import type { Database, User, Users } from '../database.ts'

export async function users(_url: string, db: Database): Promise<Users> {
  const cache = new NodeCache({ stdTTL: 600, maxKeys: 10_000 })
  return {
    async find(id) {
      const cached = cache.get<User>(`user:${id}`)
      if (cached !== undefined) return cached
      const user = await db.find(id)
      if (user !== undefined) cache.set(`user:${id}`, user)
      return user
    },
    async rename(id, name) {
      await db.rename(id, name)
      cache.del(`user:${id}`)
    },
    close: async () => cache.close(),
  }
}
