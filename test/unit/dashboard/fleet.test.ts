// The dashboards of several processes over one cache show the figures of all of them.
import type { BaseCache } from 'cachette'
import { createDashboard, type DashboardFigures } from 'cachette/dashboard'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readSummary, summaryText } from '../../../src/dashboard/summary.ts'
import { ENGINES, openCache, type Engine } from '../../real/caches.ts'
import { describeWithServers, startCluster, startRedis } from '../../real/servers/index.ts'
import { until } from '../../support/until.ts'
import { get } from './asking.ts'

type Dashboard = ReturnType<typeof createDashboard>

async function open(
  engine: Engine,
  url: string,
  name = 'shop',
): Promise<{ cache: BaseCache; dashboard: Dashboard }> {
  const staleness = { heartbeat: '100ms', maxLag: '1s', maxStale: '1m' } as const
  const { cache, ...rest } = await openCache(engine, 'node-redis 6', url, {
    prefix: 'shop:',
    name,
    staleness,
  })
  onTestFinished(async () => rest[Symbol.asyncDispose]())
  const dashboard = createDashboard(cache)
  onTestFinished(() => dashboard.close())
  return { cache, dashboard }
}

async function figures(dashboard: Dashboard): Promise<DashboardFigures> {
  return (await get(dashboard, '/cachette/figures')).json as never
}

async function readThrough(cache: BaseCache, loads: number): Promise<void> {
  for (let index = 0; index < loads; index++) {
    await cache.getOrSet(`user:${loads}${index}`, () => 'Ada')
    await cache.get(`user:${loads}${index}`)
  }
}

describeWithServers('the figures of several processes', () => {
  describe.each(ENGINES)('over a %s cache', (engine) => {
    it('are merged, and end with a process', async () => {
      const server = await startRedis()
      onTestFinished(async () => server.close())
      const one = await open(engine, server.url)
      const other = await open(engine, server.url)
      await open(engine, server.url, 'another cache of the prefix')
      await readThrough(one.cache, 3)
      await readThrough(other.cache, 5)

      const seen = await until('the figures of both', async () => {
        const { caches, sentence } = await figures(one.dashboard)
        return caches[0]!.processes.at(-1)!.loads === 5 && { cache: caches[0]!, sentence }
      })
      expect(seen.cache.processes).toMatchObject([
        { isThis: true, status: 'ok', hits: 3, misses: 3, loads: 3 },
        { isThis: false, status: 'ok', hits: 5, misses: 5, loads: 5 },
      ])
      expect(seen.cache.families[0]).toMatchObject({ family: 'user:{id}', loads: 8 })
      expect(seen.cache.stats.loads).toBe(3)
      expect(seen.sentence).toMatch(/UTC 2 processes answered 50\.0 % of 16 reads without the source/)
      for (const { syncAgeMs } of engine === 'tiered' ? seen.cache.processes : [])
        expect(syncAgeMs).toBeLessThan(20_000)

      other.dashboard.close()
      await until('one process', async () => (await figures(one.dashboard)).caches[0]!.processes.length === 1)
    })
  })

  it('count a process once, although it has two dashboards over the cache', async () => {
    const server = await startRedis()
    onTestFinished(async () => server.close())
    const one = await open('redis', server.url)
    const other = await open('redis', server.url)
    const second = createDashboard(one.cache)
    onTestFinished(() => second.close())
    await readThrough(one.cache, 3)
    const loads = async (dashboard: Dashboard): Promise<readonly number[]> =>
      (await figures(dashboard)).caches[0]!.processes.map((process) => process.loads)

    await until('the other page to see it once', async () => (await loads(other.dashboard)).join() === '0,3')
    expect(await loads(second)).toEqual([3, 0])
    expect((await figures(second)).sentence).toContain('2 processes')
  })

  it('are merged in a cluster', async () => {
    const cluster = await startCluster()
    onTestFinished(async () => cluster.close())
    const [one] = [await open('tiered', cluster.url), await open('tiered', cluster.url)]
    const processes = async (): Promise<number> => (await figures(one.dashboard)).caches[0]!.processes.length
    await until('both', async () => (await processes()) === 2)
  })

  it('are those of this process if the others can not be read', async () => {
    const server = await startRedis()
    onTestFinished(async () => server.close())
    const names = Array.from({ length: 256 }, (_, place) => `shop:!node:${place}`)
    const strange = [
      'no summary',
      'x {',
      'x {"form":2}',
      'x {"form":1,"cache":"shop","snapshot":{"families":[1]}}',
    ]
    for (const [place, name] of names.entries()) await server.command('SET', name, strange[place % 4]!)
    const { cache, dashboard } = await open('redis', server.url)
    await readThrough(cache, 2)
    const { caches, sentence } = await figures(dashboard)
    expect(caches[0]).toMatchObject({
      processes: [{ loads: 2 }],
      families: [{ family: 'user:{id}', loads: 2 }],
    })
    expect(sentence).toContain('this process answered 50.0 % of 4 reads')
    await server.kill()
    expect((await figures(dashboard)).caches[0]!.stats.loads).toBe(2)
  })
})

describe('a summary', () => {
  it('has no keys, and drops families until it is short', () => {
    const family = { family: 'f'.repeat(100) }
    const snapshot = { families: Array.from({ length: 1_000 }, () => family), hot: { keys: ['secret'] } }
    const summary = {
      id: 'a',
      process: 'p',
      cache: 'c',
      status: 'ok',
      hits: 1,
      misses: 2,
      loads: 3,
      snapshot,
    }
    const text = summaryText(summary as never)
    expect(text.length).toBeLessThan(33_000)
    expect(text).not.toContain('secret')
    const { families } = readSummary(text)!.snapshot
    expect(families.length).toBeGreaterThan(100)
  })
})
