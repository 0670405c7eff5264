import { createCache } from 'cachette'
import type { Database, User, Users } from '../database.ts'
import { bentoAt } from './before.ts'

/** The new release, for as long as processes of the old one run. */
export async function users(url: string, db: Database): Promise<Users> {
  const bento = bentoAt(url)
  const cache = await createCache({ redis: url, prefix: 'shop:', ttl: '10m', grace: '6h' })
  const byId = cache.namespace<User>('user')
  return {
    find: async (id) => byId.getOrSet<User | undefined>(String(id), async () => db.find(id)),
    async rename(id, name) {
      await db.rename(id, name)
      await Promise.all([byId.delete(String(id)), bento.delete({ key: `user:${id}` })])
    },
    async close() {
      await Promise.all([cache.close(), bento.disconnect()])
    },
  }
}

/** The old release, deployed once more before the new one: what it changes, the new one forgets. */
export async function oldUsers(url: string, db: Database): Promise<Users> {
  const bento = bentoAt(url)
  const cache = await createCache({ redis: url, prefix: 'shop:', l1: false })
  const byId = cache.namespace<User>('user')
  return {
    find: async (id) =>
      bento.getOrSet({
        key: `user:${id}`,
        ttl: '10m',
        grace: '6h',
        factory: async ({ skip }) => (await db.find(id)) ?? skip(),
      }),
    async rename(id, name) {
      await db.rename(id, name)
      await Promise.all([bento.delete({ key: `user:${id}` }), byId.delete(String(id))])
    },
    async close() {
      await Promise.all([cache.close(), bento.disconnect()])
    },
  }
}
