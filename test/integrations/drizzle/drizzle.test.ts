import { MemoryCache, OptionsError, type BaseCache } from 'cachette'
import { DrizzleCache, type DrizzleCacheOptions } from 'cachette/drizzle'
import { FakeClock } from 'cachette/testing'
import { eq, sql } from 'drizzle-orm'
import type { Cache } from 'drizzle-orm/cache/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'
import { connect, makeDatabase, posts, users } from './database.ts'

async function watched(cache: BaseCache, options?: DrizzleCacheOptions) {
  const queries = new DrizzleCache(cache, options)
  const client = await makeDatabase()
  const { db, sent } = connect(client, queries)
  const count = async (query: () => PromiseLike<unknown>): Promise<number> => {
    const before = sent.length
    await query()
    return sent.length - before
  }
  return { client, db: queries.watch(db), sent, count }
}

describe('DrizzleCache', () => {
  it('is given to Drizzle without a cast', () => {
    expectTypeOf<DrizzleCache>().toExtend<Cache>()
  })

  it('refuses wrong arguments', async () => {
    const cache = new MemoryCache()
    expect(() => new DrizzleCache({} as BaseCache)).toThrow('DrizzleCache: cache: {} is not a cache')
    expect(() => new DrizzleCache(cache, { all: true } as DrizzleCacheOptions)).toThrow(
      "DrizzleCache: unknown option 'all'; accepted: global, ttl, quarantine",
    )
    expect(() => new DrizzleCache(cache, { ttl: -1 })).toThrow('DrizzleCache: ttl: -1 is not a duration')
    expect(() => new DrizzleCache(cache, { quarantine: Infinity })).toThrow(OptionsError)
    expect(() => new DrizzleCache(cache, { global: 1 as unknown as boolean })).toThrow(
      'DrizzleCache: global: 1 is not true or false',
    )
    const { db } = connect(await makeDatabase(), new DrizzleCache(cache))
    expect(() => new DrizzleCache(cache).watch(db)).toThrow('the database was not given this cache')
    expect(() => new DrizzleCache(cache).watch({})).toThrow(OptionsError)
  })

  it('reads the units of Drizzle', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, ttl: '1h' })
    const { db, count } = await watched(cache)
    const lasts = async (config: object | undefined): Promise<number | undefined> => {
      await cache.clear()
      await db
        .select()
        .from(users)
        .$withCache({ tag: 'all', ...(config && { config }) })
      return cache.ttl('tag:all')
    }

    expect(await lasts(undefined)).toBe(3600)
    expect(await lasts({ ex: 60 })).toBe(60)
    expect(await lasts({ px: 1500 })).toBe(1.5)
    expect(await lasts({ exat: Math.floor(clock.wallNow() / 1000) + 10 })).toBeGreaterThan(9)
    expect(await lasts({ pxat: clock.wallNow() + 250 })).toBe(0.25)
    for (const config of [{ ex: 0 }, { ex: -1 }, { px: NaN }, { exat: 1 }, { px: 'a' }])
      expect(await lasts(config)).toBeUndefined()
    expect(await lasts({ keepTtl: true, hexOptions: 'NX' })).toBe(3600)
    expect(await count(() => db.select().from(users))).toBe(1)
  })

  it('takes the ttl of its own for queries without one', async () => {
    const cache = new MemoryCache({ ttl: '1h' })
    const { db } = await watched(cache, { ttl: '5m' })

    await db.select().from(users).$withCache({ tag: 'all' })

    expect(await cache.ttl('tag:all')).toBeCloseTo(300, 0)
  })

  onEachEngine(({ make }) => {
    it('keeps results as they were, until their table changes', async () => {
      const { db, count } = await watched(await make())
      const query = () => db.select().from(posts).innerJoin(users, eq(users.id, posts.userId)).$withCache()
      const first = await query()

      expect(await count(query)).toBe(0)
      expect(await query()).toStrictEqual(first)
      expect(first[0]!.posts.at).toBeInstanceOf(Date)
      expect(first[0]!.posts.body).toStrictEqual(new Uint8Array([1, 2]))

      await db.update(users).set({ name: 'Eve' })
      expect((await query())[0]!.users.name).toBe('Eve')
      await db.insert(posts).values({ userId: 1, at: new Date(0), body: new Uint8Array([3]) })
      expect(await query()).toHaveLength(2)
      await db.delete(posts).where(eq(posts.id, 2))
      expect(await query()).toHaveLength(1)
      expect(await count(query)).toBe(0)
    })

    it('caches every query on wish, except those that say no', async () => {
      const { db, count } = await watched(await make(), { global: true })
      await db.select().from(users)

      expect(await count(() => db.select().from(users))).toBe(0)
      expect(await count(() => db.select().from(users).$withCache(false))).toBe(1)
    })

    it('shares one query among those who wait for it', async () => {
      const { db, sent } = await watched(await make())
      const before = sent.length

      const found = await Promise.all(
        Array.from({ length: 20 }, async () => db.select().from(users).$withCache()),
      )

      expect(sent.length - before).toBe(1)
      expect(new Set(found.map((rows) => JSON.stringify(rows))).size).toBe(1)
      expect(found[0]).not.toBe(found[1])
    })

    it('invalidates on request by table, by name and by tag', async () => {
      const { db, count } = await watched(await make())
      const byTable = () => db.select().from(users).$withCache()
      const byTag = () => db.select().from(users).$withCache({ tag: 'u', autoInvalidate: false })
      const misses = async () => [await count(byTable), await count(byTag)]
      await misses()
      expect(await misses()).toEqual([0, 0])

      await db.$cache.invalidate({ tables: users })
      expect(await misses()).toEqual([1, 0])
      await db.$cache.invalidate({ tables: ['users', 'posts'] })
      expect(await misses()).toEqual([1, 0])
      await db.$cache.invalidate({ tags: ['u', 'other'] })
      expect(await misses()).toEqual([0, 1])
      await db.update(users).set({ score: 1 })
      expect(await misses()).toEqual([1, 0])
    })

    it('reads from the database in a transaction, and invalidates after its end', async () => {
      const { client, db, count } = await watched(await make())
      const query = (on: Pick<typeof db, 'select'> = db) => on.select().from(users).$withCache()
      await query()

      await expect(
        db.transaction(async (tx) => {
          await tx.transaction(async (nested) => nested.update(users).set({ name: 'Rolled back' }))
          expect((await query(tx))[0]!.name).toBe('Rolled back')
          throw new Error('no')
        }),
      ).rejects.toThrow('no')
      expect((await query())[0]!.name).toBe('Ann')
      expect(await count(query)).toBe(0)

      await db.transaction(async (tx) => {
        await tx.update(users).set({ name: 'Eve' })
        // Others get what is committed.
        expect((await query())[0]!.name).toBe('Ann')
      })
      expect((await query())[0]!.name).toBe('Eve')
      await client.exec(`update users set name = 'Elsewhere'`)
      expect((await db.transaction(async (tx) => query(tx)))[0]!.name).toBe('Elsewhere')
      expect((await query())[0]!.name).toBe('Eve')
    })

    it('keeps parameters apart, and takes those that Drizzle fails to hash', async () => {
      const { db } = await watched(await make())
      const query = async (parameter: unknown) =>
        (
          await db
            .select({ got: sql<string>`${parameter}::text` })
            .from(users)
            .$withCache()
        )[0]!.got

      expect(await query(10n)).toBe('10')
      expect(await query('NaN')).toBe('NaN')
      expect(await query(null)).toBe(null)
      expect(await query(11n)).toBe('11')
    })

    it('keeps concurrent runs of a prepared query apart', async () => {
      const { db, count } = await watched(await make())
      const prepared = db
        .select()
        .from(users)
        .where(eq(users.id, sql.placeholder('id')))
        .$withCache()
        .prepare('by_id')
      const run = () => Promise.all([1, 2, 1].map(async (id) => prepared.execute({ id })))

      const [one, two, again] = await run()
      expect([one!.length, two!.length, again!.length]).toEqual([1, 0, 1])
      expect(await count(run)).toBe(0)
    })

    it('passes on the error of a query, and lets the next one try', async () => {
      const { db } = await watched(await make())
      const query = async (divisor: number) =>
        db
          .select({ q: sql<number>`1 / (${divisor}::int - score)` })
          .from(users)
          .$withCache()

      await expect(query(0)).rejects.toThrow('Failed query')
      await expect(Promise.all([query(0), query(0)])).rejects.toThrow('Failed query')
      await db.update(users).set({ score: 1 })
      expect(await query(0)).toEqual([{ q: -1 }])
    })
  })

  onServers(({ make, outage }) => {
    it('queries without the server, and caches again when it is back', async () => {
      const { db, count } = await watched(await make())
      const query = () => db.select().from(users).$withCache()
      await query()

      await outage(async () => {
        for (let round = 1; round <= 5; round++) {
          await db.update(users).set({ score: round })
          expect((await query())[0]!.score).toBe(round)
          await db.transaction(async (tx) => tx.update(users).set({ score: round + 100 }))
          expect((await query())[0]!.score).toBe(round + 100)
        }
      })

      await until('queries to be cached again', async () => (await count(query)) === 0)
      await db.update(users).set({ score: 7 })
      expect((await query())[0]!.score).toBe(7)
    })
  })

  it('never fails a query for a closed cache', async () => {
    const cache = new MemoryCache()
    const { db, count } = await watched(cache)
    await cache.close()

    expect(await count(() => db.select().from(users).$withCache())).toBe(1)
    await db.update(users).set({ score: 1 })
    await db.$cache.invalidate({ tables: users })
  })
})

describe('a database that is not watched', () => {
  it('is cached, but not while its tables are held after a write', async () => {
    const clock = new FakeClock()
    const queries = new DrizzleCache(new MemoryCache({ clock }), { quarantine: '2s' })
    const { db, sent } = connect(await makeDatabase(), queries)
    const misses = async (): Promise<number> => {
      const before = sent.length
      await db.select().from(users).$withCache()
      return sent.length - before
    }

    expect([await misses(), await misses()]).toEqual([1, 0])
    await db.update(users).set({ score: 1 })
    expect([await misses(), await misses()]).toEqual([1, 1])
    await clock.advance('1999ms')
    expect([await misses(), await misses()]).toEqual([1, 1])
    await db.update(users).set({ score: 2 })
    await clock.advance('1999ms')
    expect([await misses(), await misses()]).toEqual([1, 1])
    await clock.advance('1ms')
    expect([await misses(), await misses()]).toEqual([1, 0])
  })

  it('caches again after a prepared query has failed', async () => {
    const clock = new FakeClock()
    const queries = new DrizzleCache(new MemoryCache({ clock }), { quarantine: '1ms' })
    const { db, sent } = connect(await makeDatabase(), queries)
    const prepared = db
      .select({ q: sql<number>`1 / score` })
      .from(users)
      .$withCache()
      .prepare('inverse')

    await expect(prepared.execute()).rejects.toThrow('Failed query')
    await db.update(users).set({ score: 1 })
    await clock.advance('30s')
    const before = sent.length
    expect(await prepared.execute()).toEqual([{ q: 1 }])
    expect(await prepared.execute()).toEqual([{ q: 1 }])
    expect(sent.length - before).toBe(1)
  })
})
