// Tables that a query names where Drizzle does not look for them: conditions, fields, CTEs and set operations.
import type { BaseCache } from 'cachette'
import { MemoryCache } from 'cachette'
import { DrizzleCache } from 'cachette/drizzle'
import { count, eq, exists, inArray, sql } from 'drizzle-orm'
import { union } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { connect, makeDatabase, posts, users } from './database.ts'

async function open(cache: BaseCache = new MemoryCache(), global = false) {
  const queries = new DrizzleCache(cache, { global })
  const { db, sent } = connect(await makeDatabase(), queries)
  return { db: queries.watch(db), sent }
}

type Db = Awaited<ReturnType<typeof open>>['db']

const QUERIES: readonly (readonly [string, (db: Db) => Promise<unknown[]>])[] = [
  [
    'a condition with in',
    async (db) =>
      db
        .select({ id: users.id })
        .from(users)
        .where(inArray(users.id, db.select({ id: posts.userId }).from(posts)))
        .$withCache(),
  ],
  [
    'a condition with exists',
    async (db) =>
      db
        .select({ id: users.id })
        .from(users)
        .where(exists(db.select().from(posts).where(eq(posts.userId, users.id))))
        .$withCache(),
  ],
  [
    'a field',
    async (db) =>
      db
        .select({ id: users.id, posts: sql<number>`(select count(*)::int from ${posts})` })
        .from(users)
        .$withCache(),
  ],
  [
    'a CTE that is joined',
    async (db) => {
      const written = db.$with('written').as(
        db
          .select({ by: posts.userId, n: count().as('n') })
          .from(posts)
          .groupBy(posts.userId),
      )
      return db
        .with(written)
        .select({ id: users.id, n: written.n })
        .from(users)
        .innerJoin(written, eq(written.by, users.id))
        .$withCache()
    },
  ],
  [
    'a union',
    async (db) =>
      union(
        db.select({ id: users.id }).from(users),
        db.select({ id: posts.userId }).from(posts),
      ).$withCache(),
  ],
]

describe.each(QUERIES)('%s', (_, query) => {
  it('is asked anew after a write of its table', async () => {
    const { db, sent } = await open()
    const before = await query(db)
    const queries = sent.length
    expect([await query(db), sent.length]).toEqual([before, queries])
    await db.delete(posts)
    const after = await query(db)
    expect(sent.length).toBe(queries + 2)
    expect([await query(db), sent.length]).toEqual([after, queries + 2])
  })
})

it('a select that writes by a CTE is run each time, and invalidates what it writes', async () => {
  const { db } = await open(undefined, true)
  const added = async () => {
    const row = db.$with('row').as(
      db
        .insert(posts)
        .values({ userId: 1, at: new Date(0), body: new Uint8Array() })
        .returning({ userId: posts.userId }),
    )
    return db.with(row).select({ id: users.id }).from(users).innerJoin(row, eq(row.userId, users.id))
  }
  expect(await db.select().from(posts)).toHaveLength(1)
  await added()
  expect(await db.select().from(posts)).toHaveLength(2)
  await added()
  expect(await db.select().from(posts)).toHaveLength(3)
  await db.transaction(async (transaction) => {
    const row = transaction.$with('row').as(transaction.delete(posts).returning({ id: posts.id }))
    await transaction.with(row).select().from(row)
  })
  expect(await db.select().from(posts)).toEqual([])
})
