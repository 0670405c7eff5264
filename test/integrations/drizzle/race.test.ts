import { MemoryCache } from 'cachette'
import { DrizzleCache } from 'cachette/drizzle'
import { eq } from 'drizzle-orm'
import type { Cache } from 'drizzle-orm/cache/core'
import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../caches.ts'
import { staleRounds, type Racing } from '../orm.ts'
import { connect, makeDatabase, PlainCache, users } from './database.ts'

type Database = ReturnType<typeof connect>['db']

function racing(db: Database, inTransaction = false): Racing {
  const write = async (on: Pick<Database, 'update'>, score: number) =>
    on.update(users).set({ score }).where(eq(users.id, 1))
  return {
    read: async () => (await db.select().from(users).where(eq(users.id, 1)).$withCache())[0]?.score,
    write: async (score) =>
      inTransaction ? db.transaction(async (tx) => write(tx, score)) : write(db, score),
  }
}

async function databaseWith(cache: Cache): Promise<Database> {
  return connect(await makeDatabase(), cache, true).db
}

describe('a write that overlaps a cached query (drizzle-orm issue 5828)', { timeout: 300_000 }, () => {
  it('leaves old rows in a plain cache', async () => {
    const plain = new PlainCache()

    expect(await staleRounds(1000, racing(await databaseWith(plain)), 1)).toBe(1)
  })

  it('leaves none while the tables of a database that is not watched are held', async () => {
    const queries = new DrizzleCache(new MemoryCache())

    expect(await staleRounds(1000, racing(await databaseWith(queries)))).toBe(0)
  })

  onEachEngine(({ make }) => {
    for (const inTransaction of [false, true]) {
      it(`leaves none ${inTransaction ? 'after a transaction' : 'after a statement'}`, async () => {
        const cache = await make()
        const queries = new DrizzleCache(cache)
        const db = queries.watch(await databaseWith(queries))

        expect(await staleRounds(1000, racing(db, inTransaction))).toBe(0)
        expect(cache.stats().hits).toBeGreaterThan(0)
      })
    }
  })
})
