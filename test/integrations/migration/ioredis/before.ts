import { Redis } from 'ioredis'
import type { Database, User, Users } from '../database.ts'

export async function users(url: string, db: Database): Promise<Users> {
  const redis = new Redis(url)
  return {
    async find(id) {
      const cached = await redis.get(`user:${id}`)
      if (cached !== null) return JSON.parse(cached) as User
      const user = await db.find(id)
      if (user !== undefined) await redis.set(`user:${id}`, JSON.stringify(user), 'EX', 600)
      return user
    },
    async rename(id, name) {
      await db.rename(id, name)
      await redis.del(`user:${id}`)
    },
    async close() {
      await redis.quit()
    },
  }
}
