import KeyvRedis from '@keyv/redis'
import { createCache as createManager } from 'cache-manager'
import { createCache } from 'cachette'
import { Keyv } from 'keyv'
import type { Database, User, Users } from '../database.ts'

/** The new release, for as long as processes of the old one run. */
export async function users(url: string, db: Database): Promise<Users> {
  const old = createManager({ stores: [new Keyv({ store: new KeyvRedis(url) })], ttl: 600_000 })
  const cache = await createCache({ redis: url, prefix: 'shop:', ttl: '10m' })
  const byId = cache.namespace<User>('user')
  return {
    find: async (id) => byId.getOrSet<User | undefined>(String(id), async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await Promise.all([byId.delete(String(id)), old.del(`user:${id}`)])
    },
    async close() {
      await Promise.all([cache.close(), old.disconnect()])
    },
  }
}

/** The old release, deployed once more before the new one: what it changes, the new one forgets. */
export async function oldUsers(url: string, db: Database): Promise<Users> {
  const old = createManager({ stores: [new Keyv({ store: new KeyvRedis(url) })], ttl: 600_000 })
  const cache = await createCache({ redis: url, prefix: 'shop:', l1: false })
  const byId = cache.namespace<User>('user')
  return {
    find: async (id) => old.wrap(`user:${id}`, async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await Promise.all([old.del(`user:${id}`), byId.delete(String(id))])
    },
    async close() {
      await Promise.all([cache.close(), old.disconnect()])
    },
  }
}
