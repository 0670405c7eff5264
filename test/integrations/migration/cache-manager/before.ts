import KeyvRedis from '@keyv/redis'
import { createCache } from 'cache-manager'
import { Keyv } from 'keyv'
import type { Database, Users } from '../database.ts'

export async function users(url: string, db: Database): Promise<Users> {
  const cache = createCache({ stores: [new Keyv({ store: new KeyvRedis(url) })], ttl: 600_000 })
  return {
    find: async (id) => cache.wrap(`user:${id}`, async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await cache.del(`user:${id}`)
    },
    async close() {
      await cache.disconnect()
    },
  }
}
