// Queries of Drizzle from the cache: `npm start`. With REDIS_URL, processes share it.
import { PGlite } from '@electric-sql/pglite'
import { createCache } from 'cachette'
import { DrizzleCache } from 'cachette/drizzle'
import { eq } from 'drizzle-orm'
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/pglite'

const articles = pgTable('articles', {
  id: serial().primaryKey(),
  name: text().notNull(),
  price: integer().notNull(),
})

const client = new PGlite()
await client.exec(`
  create table articles (id serial primary key, name text not null, price integer not null);
  insert into articles (name, price) values ('tea', 3);
`)

const cache = await createCache({ ttl: '10m' })
const queries = new DrizzleCache(cache.namespace('drizzle'))
const db = queries.watch(drizzle({ client, cache: queries }))

async function show(title, on = db) {
  const before = cache.stats().hits
  const [article] = await on.select().from(articles).where(eq(articles.id, 1)).$withCache()
  const from = cache.stats().hits > before ? 'the cache' : 'the database'
  console.log(`${title}: ${article.name} costs ${article.price}, says ${from}`)
}

await show('first')
await show('again')
await db.update(articles).set({ price: 4 }).where(eq(articles.id, 1))
await show('after an update')
await show('again')
await db.transaction(async (tx) => {
  await tx.update(articles).set({ price: 5 }).where(eq(articles.id, 1))
  await show('in a transaction', tx)
})
await show('after its commit')

await cache.close()
await client.close()
