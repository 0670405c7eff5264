import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import type { Database, Users } from '../database.ts'

export function bentoAt(url: string) {
  const { hostname: host, port } = new URL(url)
  const connection = { host, port: Number(port) }
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 10_000 }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }))
  return new BentoCache({ default: 'users', stores: { users: store } })
}

export async function users(url: string, db: Database): Promise<Users> {
  const bento = bentoAt(url)
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
      await bento.delete({ key: `user:${id}` })
    },
    close: async () => bento.disconnect(),
  }
}
