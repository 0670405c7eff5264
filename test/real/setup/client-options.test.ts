// Options of client libraries that change replies, life cycle or routing: each works on both engines, or is refused.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { cacheOver, ENGINES } from '../caches.ts'
import { OPTION_CASES, playCache, rowTitle, type ServersOfOptions } from '../clients/documented-options.ts'
import { describeWithServers, startCluster, startRedis, startSentinelGroup } from '../servers/index.ts'

describeWithServers('a client with an option', () => {
  let servers: ServersOfOptions
  beforeAll(async () => {
    const [server, cluster, sentinels] = await Promise.all([
      startRedis(),
      startCluster(),
      startSentinelGroup(),
    ])
    servers = { server, cluster, sentinels }
  })
  afterAll(async () => {
    const { server, cluster, sentinels } = servers
    await Promise.all([server.close(), cluster.close(), sentinels.close()])
  })

  const all = OPTION_CASES.flatMap((one) =>
    one.libraries.map((library) => ({ ...one, library, title: `${library}, ${one.to}: ${one.label}` })),
  )

  describe.each(ENGINES)('%s', (engine) => {
    it.each(all.filter(({ refused }) => refused === undefined))('works: $title', async (one) => {
      const made = await one.make(one.library, servers)
      onTestFinished(() => made.close())
      await playCache(engine, made.client)
    })

    it.each(all.filter(({ refused }) => refused !== undefined))('is refused by name: $title', async (one) => {
      const made = await one.make(one.library, servers)
      onTestFinished(() => made.close())
      const make = (): unknown => cacheOver(engine, made.client, { prefix: 'x:' })
      expect(make).toThrow(expect.objectContaining({ name: 'OptionsError' }))
      expect(make).toThrow(one.refused)
    })

    it.each(all.filter(({ label }) => label.startsWith('in subscriber mode')))(
      'answers the first call: $title',
      async (one) => {
        const made = await one.make(one.library, servers)
        onTestFinished(() => made.close())
        const cache = cacheOver(engine, made.client, { prefix: 'first:', deadline: { hard: '10s' } })
        onTestFinished(() => cache.close())
        expect(await cache.set('a', 1)).toBe(true)
      },
    )

    it('reads from no replica of a sentinel client that has connections to them', async () => {
      const name = 'Sentinel: `replicaPoolSize: 2`'
      const cases = all.filter(({ to, label }) => `${to}: ${label}` === name)
      expect(cases).toHaveLength(2)
      for (const one of cases) {
        const made = await one.make(one.library, servers)
        onTestFinished(() => made.close())
        await playCache(engine, made.client)
      }
      const master = await servers.sentinels.master()
      for (const replica of servers.sentinels.servers) {
        const stats = await replica.info('commandstats')
        expect(stats.has('cmdstat_get')).toBe(replica === master)
      }
    })
  })
})

// The table's words are those of `npm run table:clients`. Its rows are the cases that are played here.
it('the table in docs/redis.md has a row for each option', () => {
  const text = readFileSync('docs/redis.md', 'utf8')
  expect(OPTION_CASES.map(rowTitle).filter((title) => !text.includes(title))).toEqual([])
})
