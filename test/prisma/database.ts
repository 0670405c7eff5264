import { PGlite } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { jitter } from '../integrations/orm.ts'
import { Prisma, PrismaClient } from './generated/client.ts'

export { Prisma } from './generated/client.ts'

const TABLES = `
  drop table if exists "_PostToTag", "Comment", "Post", "Use", "Badge", app_user, "Team", "Tag" cascade;
  create table "Team" (id serial primary key, name text not null);
  create table app_user (
    id serial primary key, name text not null, score int not null default 0, secret text not null default 'none',
    "teamId" int references "Team"(id) on delete set null on update cascade);
  create table "Badge" (
    "userId" int primary key references app_user(id) on update cascade, label text not null);
  create table "Use" (
    id serial primary key, "badgeId" int not null references "Badge"("userId") on update cascade);
  create table "Post" (
    id serial primary key, title text not null, "userId" int not null references app_user(id) on delete cascade on update cascade,
    at timestamp not null default now(), body bytea not null default '', price numeric not null default 0,
    views bigint not null default 0, meta jsonb);
  create table "Comment" (
    id serial primary key, text text not null, "postId" int not null references "Post"(id) on delete cascade);
  create table "Tag" (id serial primary key, name text not null);
  create table "_PostToTag" (
    "A" int references "Post"(id) on delete cascade, "B" int references "Tag"(id) on delete cascade, primary key ("A", "B"));
  insert into "Team" (name) values ('Red');
  insert into app_user (name, "teamId") values ('Ann', 1);
  insert into "Badge" ("userId", label) values (1, 'gold');
  insert into "Post" (title, "userId", at, body, price, views, meta)
    values ('One', 1, '2026-01-02 03:04:05', '\\x0102', 1.50, 9007199254740993, '{"posts": [1, null]}');
  insert into "Comment" (text, "postId") values ('Well', 1);
  insert into "Tag" (name) values ('new');
`

let made: PGlite | undefined

/** Returns the database of this process: a team, a user with a badge, a post with a comment, a tag. */
export async function makeDatabase(): Promise<PGlite> {
  const client = (made ??= new PGlite())
  await client.exec(TABLES)
  return client
}

/** The methods of a connection that send SQL. */
const SENDING = new Set(['query', 'exec', 'execProtocol'])

/** Connects Prisma. Every statement is counted, and with a network takes some turns of the event loop. */
export function connect(
  client: PGlite,
  options: { network?: boolean; omit?: { user?: { secret: true } } } = {},
) {
  const sent: string[] = []
  const isRemote = options.network === true
  const counting = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name, of)
        if (typeof value !== 'function') return value
        if (name === 'transaction')
          return async (work: (tx: object) => unknown) => client.transaction(async (tx) => work(counting(tx)))
        if (!SENDING.has(String(name))) return value.bind(of) as unknown
        return async (...args: unknown[]) => {
          sent.push(String(args[0]))
          if (isRemote) await jitter()
          const result: unknown = await Reflect.apply(value, of, args)
          if (isRemote) await jitter()
          return result
        }
      },
    })
  const adapter = withSavepoints(new PrismaPGlite(counting(client)))
  const prisma = new PrismaClient({ adapter, ...(options.omit && { omit: options.omit }) })
  return { prisma, sent }
}

/** Adds the savepoints that transactions within others need, and the adapter lacks. */
function withSavepoints(adapter: PrismaPGlite): PrismaPGlite {
  const connect = adapter.connect.bind(adapter)
  adapter.connect = async () => {
    const connection = await connect()
    const start = connection.startTransaction.bind(connection)
    connection.startTransaction = async (level) => {
      const transaction = await start(level)
      const send = (verb: string) => async (name: string) => {
        await transaction.executeRaw({ sql: `${verb} ${name}`, args: [], argTypes: [] })
      }
      return Object.assign(transaction, {
        createSavepoint: send('savepoint'),
        rollbackToSavepoint: send('rollback to savepoint'),
        releaseSavepoint: send('release savepoint'),
      })
    }
    return connection
  }
  return adapter
}

/** A cache as an extension by hand: results by model, removed when a write of the model has ended. */
export function plainCache() {
  const results = new Map<string, unknown>()
  return Prisma.defineExtension({
    query: {
      $allModels: {
        async $allOperations({ model, operation, args, query }) {
          if (!operation.startsWith('find')) {
            const result = await query(args)
            await jitter()
            for (const key of results.keys()) if (key.startsWith(`${model}:`)) results.delete(key)
            return result
          }
          const key = `${model}:${operation}:${JSON.stringify(args)}`
          await jitter()
          if (results.has(key)) return results.get(key)
          const result = await query(args)
          await jitter()
          results.set(key, result)
          return result
        },
      },
    },
  })
}
