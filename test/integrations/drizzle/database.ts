import { PGlite } from '@electric-sql/pglite'
import { Cache, type MutationOption } from 'drizzle-orm/cache/core'
import type { CacheConfig } from 'drizzle-orm/cache/core/types'
import { customType, integer, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/pglite'
import { jitter } from '../orm.ts'

const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })

export const users = pgTable('users', {
  id: serial('id').primaryKey(),
  name: text('name').notNull(),
  score: integer('score').notNull(),
})

export const posts = pgTable('posts', {
  id: serial('id').primaryKey(),
  userId: integer('user_id').notNull(),
  at: timestamp('at').notNull(),
  body: bytes('body').notNull(),
})

let made: PGlite | undefined

/** Returns the database of this process, with one user and one post. */
export async function makeDatabase(): Promise<PGlite> {
  const client = (made ??= new PGlite())
  await client.exec(`
    drop table if exists users, posts;
    create table users (id serial primary key, name text not null, score integer not null);
    create table posts (id serial primary key, user_id integer not null, at timestamp not null, body bytea not null);
    insert into users (name, score) values ('Ann', 0);
    insert into posts (user_id, at, body) values (1, '2026-01-02 03:04:05', '\\x0102');
  `)
  return client
}

/** Connects Drizzle with a cache. Every query is counted, and with a network takes some turns of the event loop. */
export function connect<C extends Cache>(client: PGlite, cache: C, network = false) {
  const sent: string[] = []
  const counting = new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'query') return value.bind(target) as unknown
      return async (...args: Parameters<PGlite['query']>) => {
        sent.push(args[0])
        if (network) await jitter()
        const result = await target.query(...args)
        if (network) await jitter()
        return result
      }
    },
  })
  return { db: drizzle({ client: counting, cache }), sent }
}

/** A cache as Drizzle's own: queries by table, which a write removes while it runs. */
export class PlainCache extends Cache {
  readonly #results = new Map<string, { readonly result: unknown; readonly tables: readonly string[] }>()

  override strategy(): 'explicit' {
    return 'explicit'
  }

  override async get(key: string): Promise<unknown[] | undefined> {
    await jitter()
    return this.#results.get(key)?.result as unknown[] | undefined
  }

  override async put(
    key: string,
    result: unknown,
    tables: string[],
    _isTag: boolean,
    _config?: CacheConfig,
  ): Promise<void> {
    await jitter()
    this.#results.set(key, { result, tables })
  }

  override async onMutate({ tables }: MutationOption): Promise<void> {
    await jitter()
    const changed = new Set([tables].flat())
    for (const [key, entry] of this.#results)
      if (entry.tables.some((table) => changed.has(table))) this.#results.delete(key)
  }
}
