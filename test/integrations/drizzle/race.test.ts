import { MemoryCache } from 'cachette'
import { DrizzleCache } from 'cachette/drizzle'
import { eq } from 'drizzle-orm'
import type { Cache } from 'drizzle-orm/cache/core'
import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../caches.ts'
import { ROWS, staleRows, type Racing } from '../orm.ts'
import { connect, makeDatabase, PlainCache, users } from './database.ts'

type Database = ReturnType<typeof connect>['db']

function racing(db: Database, inTransaction = false): Racing {
  const write = async (on: Pick<Database, 'update'>, row: number, score: number) =>
    on.update(users).set({ score }).where(eq(users.id, row))
  return {
    read: async (row) => (await db.select().from(users).where(eq(users.id, row)).$withCache())[0]?.score,
    write: async (row, score) =>
      inTransaction ? db.transaction(async (tx) => write(tx, row, score)) : write(db, row, score),
  }
}

async function databaseWith(cache: Cache): Promise<Database> {
  const client = await makeDatabase()
  await client.exec(`insert into users (name, score) select 'user', 0 from generate_series(2, ${ROWS})`)
  return connect(client, cache, true).db
}

describe('a write that overlaps a cached query (drizzle-orm issue 5828)', { timeout: 300_000 }, () => {
  it('leaves old rows in a plain cache', async () => {
    const db = await databaseWith(new PlainCache())

    expect(await staleRows('Drizzle, a plain cache', racing(db))).toBeGreaterThan(0)
  })

  it('leaves none while the tables of a database that is not watched are held', async () => {
    const queries = new DrizzleCache(new MemoryCache())

    expect(await staleRows('Drizzle, not watched', racing(await databaseWith(queries)))).toBe(0)
  })

  onEachEngine(({ name, make }) => {
    for (const inTransaction of [false, true]) {
      it(`leaves none ${inTransaction ? 'after a transaction' : 'after a statement'}`, async () => {
        const cache = await make()
        const queries = new DrizzleCache(cache)
        const db = queries.watch(await databaseWith(queries))

        expect(await staleRows(`Drizzle, ${name}`, racing(db, inTransaction))).toBe(0)
        expect(cache.stats().hits).toBeGreaterThan(0)
      })
    }
  })
})
