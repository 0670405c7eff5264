import { MemoryCache } from 'cachette'
import { createAuditor } from 'cachette/audit'
import { createDashboard, type DashboardFigures } from 'cachette/dashboard'
import { FakeClock } from 'cachette/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { get } from './asking.ts'

const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

function made<T extends { close(): unknown }>(one: T): T {
  opened.push(one)
  return one
}

async function figuresOf(dashboard: ReturnType<typeof createDashboard>): Promise<DashboardFigures> {
  return (await get(dashboard, '/cachette/figures')).json as never
}

describe('the figures', () => {
  it('agree with stats() and tell the worth in a sentence', async () => {
    const clock = new FakeClock()
    const cache = made(new MemoryCache({ name: 'users', clock, ttl: '5m' }))
    await cache.get('user:1')
    const dashboard = made(createDashboard(cache))
    const load = async (): Promise<string> => {
      await clock.advance('40ms')
      return 'Ada'
    }
    for (let index = 0; index < 5; index++) await cache.getOrSet('user:7', load)

    const { caches, sentence, readOnly } = await figuresOf(dashboard)

    expect(readOnly).toBe(true)
    expect(caches).toHaveLength(1)
    const stats = JSON.parse(JSON.stringify(cache.stats())) as object
    expect(caches[0]).toMatchObject({ id: '0', name: 'users', stats })
    expect(caches[0]!.families[0]).toMatchObject({ family: 'user:{id}', loads: 1 })
    // The read before the dashboard was made does not count.
    expect(sentence).toMatch(
      /^Since \d\d:\d\d UTC this process answered 80\.0 % of 5 reads without the source: \d+ ms of loading and 4 loads saved\./,
    )
  })

  it('say so while there is nothing to tell', async () => {
    const dashboard = made(createDashboard(made(new MemoryCache())))

    const { sentence, timeline, caches } = await figuresOf(dashboard)

    expect(sentence).toMatch(/^Since \d\d:\d\d UTC this process has answered no read yet\.$/)
    expect(timeline).toEqual([])
    expect(caches[0]).toMatchObject({ families: [], freshness: {}, advice: [] })
    expect(caches[0]!.rightness).toBeUndefined()
  })

  it('have the report of the auditor of each cache', async () => {
    const [users, shops] = [
      made(new MemoryCache({ name: 'users' })),
      made(new MemoryCache({ name: 'shops' })),
    ]
    const auditor = made(createAuditor(shops))
    const dashboard = made(createDashboard([users, shops], { auditors: [auditor] }))

    const { caches } = await figuresOf(dashboard)

    expect(caches.map(({ rightness }) => rightness?.cache)).toEqual([undefined, 'shops'])
  })

  it('have the report of the auditor of a cache, although another has the same name', async () => {
    const [one, other] = [made(new MemoryCache()), made(new MemoryCache())]
    const auditor = made(createAuditor(other))
    const dashboard = made(createDashboard([one, other], { auditors: [auditor] }))

    const { caches } = await figuresOf(dashboard)

    expect(caches.map(({ rightness }) => rightness?.cache)).toEqual([undefined, 'cache'])
  })

  it('tell the day since which they count, unless it is today', async () => {
    const clock = new FakeClock(new Date('2026-01-01T08:30:00Z'))
    const dashboard = made(createDashboard(made(new MemoryCache({ clock }))))

    expect((await figuresOf(dashboard)).sentence).toMatch(/^Since 08:30 UTC /)
    await clock.advance('15h')
    expect((await figuresOf(dashboard)).sentence).toMatch(/^Since 08:30 UTC /)
    await clock.advance('1h')
    expect((await figuresOf(dashboard)).sentence).toMatch(/^Since 2026-01-01 08:30 UTC /)
  })

  it('have a timeline of invalidations, failed loads and prevented stampedes, without messages of errors', async () => {
    const clock = new FakeClock()
    const cache = made(new MemoryCache({ name: 'users', clock }))
    const dashboard = made(createDashboard(cache))
    await Promise.all(Array.from({ length: 4 }, async () => cache.getOrSet('user:7', async () => 'Ada')))
    await cache.invalidateTag('users')
    await cache.delete('user:7')
    const failing = (): never => {
      throw new RangeError('password=hunter2')
    }
    for (let index = 0; index < 3; index++) await cache.getOrSet('user:8', failing).catch(() => undefined)

    const { timeline } = await figuresOf(dashboard)

    expect(timeline.map(({ kind, text, count }) => [kind, text, count])).toEqual([
      ['stampede', 'callers of user:{id} shared the load of another', 3],
      ['invalidation', 'invalidateTag of tag "users"', 1],
      ['invalidation', 'delete of key "user:7", 1 removed', 1],
      ['failure', 'a load of user:{id} failed: RangeError', 3],
    ])
  })

  it('keep the last 500 events', async () => {
    const cache = made(new MemoryCache())
    const dashboard = made(createDashboard(cache))
    for (let index = 0; index < 510; index++) await cache.invalidateTag(`tag-${index}`)

    const { timeline } = await figuresOf(dashboard)

    expect(timeline).toHaveLength(500)
    expect(timeline.at(-1)!.text).toBe('invalidateTag of tag "tag-509"')
  })

  it('are no longer gathered after close, and the cache goes on', async () => {
    const cache = made(new MemoryCache())
    const dashboard = createDashboard(cache)
    dashboard.close()
    await cache.invalidateTag('users')

    expect((await figuresOf(dashboard)).timeline).toEqual([])
    expect(await cache.set('user:7', 1)).toBe(true)
  })
})
