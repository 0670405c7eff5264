// Loads while the server is away: the process keeps what it loads, from the first call of the outage.
import { expect, it } from 'vitest'
import { openCache } from '../caches.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const silent = { warn: () => undefined, error: () => undefined }
const TROUBLES: Readonly<Record<string, (server: RedisServer) => void | Promise<void>>> = {
  frozen: (server) => server.freeze(),
  killed: async (server) => server.kill(),
}
const cases = Object.keys(TROUBLES).flatMap((trouble) =>
  CLIENT_NAMES.map((client) => [trouble, client] as const),
)

describeWithServers('loads of two tiers in an outage', () => {
  it.each(cases)(
    'are one for each key, from the moment at which the server is %s, with %s',
    async (trouble, client) => {
      await using server = await startRedis()
      await using opened = await openCache('tiered', client, server.url, { prefix: 'app:', logger: silent })
      const { cache } = opened
      await cache.set('known', 'kept')
      expect(await cache.get('known')).toBe('kept')
      await TROUBLES[trouble]!(server)
      for (const options of [{}, { tags: ['t'], grace: 60 }, { hardTimeout: 5 }]) {
        const key = JSON.stringify(options)
        let loads = 0
        const load = async (): Promise<string> => `loaded ${++loads}`
        const found = new Set<string>()
        for (let call = 0; call < 10; call++)
          found.add(await cache.getOrSet(key, load, { ttl: 60, ...options }))
        expect([...found]).toEqual(['loaded 1'])
      }
    },
  )
})
