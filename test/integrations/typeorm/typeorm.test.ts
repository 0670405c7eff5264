// The result cache of TypeORM on a real database in memory.
import 'reflect-metadata'
import { MemoryCache, type BaseCache } from 'cachette'
import { TypeormCache } from 'cachette/typeorm'
import { DataSource, EntitySchema, type DataSourceOptions } from 'typeorm'
import { expect, it, onTestFinished } from 'vitest'
import { onEachEngine } from '../caches.ts'
import { jitter, ROWS, staleRows, type Racing } from '../orm.ts'

interface User {
  id: number
  name: string
  visits: number
}

const UserSchema = new EntitySchema<User>({
  name: 'user',
  tableName: 'app_user',
  columns: {
    id: { type: Number, primary: true },
    name: { type: String },
    visits: { type: Number, default: 0 },
  },
})
const OtherSchema = new EntitySchema<{ id: number }>({
  name: 'other',
  tableName: 'other_thing',
  columns: { id: { type: Number, primary: true } },
})

/** The type of a provider, which TypeORM does not export by name. */
type Provider = ReturnType<
  NonNullable<Extract<DataSourceOptions['cache'], { provider?: unknown }>['provider']>
>

/** The options of a test that races for each of the rows. */
const LONG = { timeout: 300_000 }

class Asked {
  queries: string[] = []
}

async function open(
  provider: Provider | boolean,
  asked: Asked = new Asked(),
  watch?: TypeormCache,
): Promise<DataSource> {
  const source = new DataSource({
    type: 'sqljs',
    entities: [UserSchema, OtherSchema],
    synchronize: true,
    cache: typeof provider === 'boolean' ? provider : { provider: () => provider, duration: 60_000 },
  })
  await source.initialize()
  onTestFinished(async () => source.destroy())
  watch?.watch(source)
  source.subscribers.push({
    afterQuery: ({ query }: { query: string }) => void asked.queries.push(query),
  })
  await source.getRepository(UserSchema).save({ id: 1, name: 'Ada', visits: 0 })
  asked.queries.length = 0
  return source
}

const selects = ({ queries }: Asked): number => queries.filter((query) => query.startsWith('SELECT')).length

/** Returns a reader and a writer of visits, who calls `written` with the name of a query whose row has changed. */
async function racing(source: DataSource, written: (name: string) => Promise<unknown>): Promise<Racing> {
  const users = source.getRepository(UserSchema)
  for (let start = 2; start <= ROWS; start += 100)
    await users.insert(Array.from({ length: 100 }, (_, at) => ({ id: start + at, name: 'user', visits: 0 })))
  const nameOf = (id: number): string => `user ${id}`
  return {
    read: async (id) => {
      const cache = { id: nameOf(id), milliseconds: 60_000 }
      return (await users.findOne({ where: { id }, cache }))?.visits
    },
    write: async (id, visits) => {
      await users.update(id, { visits })
      await written(nameOf(id))
    },
  }
}

onEachEngine((engine) => {
  async function cached(): Promise<{
    source: DataSource
    asked: Asked
    cache: BaseCache
    queries: TypeormCache
  }> {
    const cache = (await engine.make()).namespace('typeorm')
    const queries = new TypeormCache(cache)
    const asked = new Asked()
    return { source: await open(queries, asked, queries), asked, cache, queries }
  }
  const find = async (source: DataSource): Promise<string | undefined> =>
    (await source.getRepository(UserSchema).findOne({ where: { id: 1 }, cache: true }))?.name

  it('asks the database once, and again after a write of the table', async () => {
    const { source, asked } = await cached()
    expect([await find(source), await find(source)]).toEqual(['Ada', 'Ada'])
    expect(selects(asked)).toBe(1)
    await source.getRepository(OtherSchema).insert({ id: 1 })
    await find(source)
    expect(selects(asked)).toBe(1)
    await source.getRepository(UserSchema).update(1, { name: 'Bob' })
    expect(await find(source)).toBe('Bob')
    await source.query(`UPDATE "app_user" SET "name" = 'Eve' WHERE "id" = 1`)
    expect(await find(source)).toBe('Eve')
  })

  it('removes by the name of a query', async () => {
    const { source, asked, queries } = await cached()
    const named = async () =>
      source.getRepository(UserSchema).find({ cache: { id: 'users', milliseconds: 60_000 } })
    await named()
    await named()
    expect(selects(asked)).toBe(1)
    await source.queryResultCache!.remove(['users'])
    await named()
    expect(selects(asked)).toBe(2)
    await queries.clear()
    await named()
    expect(selects(asked)).toBe(3)
  })

  it('invalidates after the commit, keeps after a rollback, and neither reads nor stores in a transaction', async () => {
    const { source } = await cached()
    await find(source)
    await source.transaction(async (manager) => {
      await manager.getRepository(UserSchema).update(1, { name: 'Bob' })
      const inside = await manager.getRepository(UserSchema).findOne({ where: { id: 1 }, cache: true })
      expect(inside?.name).toBe('Bob')
    })
    expect(await find(source)).toBe('Bob')
    const rolled = source.transaction(async (manager) => {
      await manager.getRepository(UserSchema).update(1, { name: 'Eve' })
      await manager.getRepository(UserSchema).findOne({ where: { id: 1 }, cache: true })
      throw new Error('no')
    })
    await expect(rolled).rejects.toThrow('no')
    expect(await find(source)).toBe('Bob')
  })

  it('finds no older row after a write that overlapped a query', LONG, async () => {
    const { source } = await cached()
    const race = await racing(source, async () => undefined)
    expect(await staleRows(`TypeORM, ${engine.name}`, race)).toBe(0)
  })

  it('ends the load of a query that fails', async () => {
    const { source, asked } = await cached()
    const bad = async () =>
      source.createQueryBuilder().select('nothing').from(UserSchema, 'u').cache(true).getRawMany()
    await expect(bad()).rejects.toThrow(/nothing/)
    await expect(bad()).rejects.toThrow(/nothing/)
    expect(selects(asked)).toBe(2)
  })

  if (engine.name === 'memory') return
  it('fails no query while Redis is dead', async () => {
    const { source } = await cached()
    await find(source)
    await engine.outage(async () => {
      for (let round = 0; round < 10; round++) {
        await source.getRepository(UserSchema).update(1, { name: `name ${round}` })
        expect(await find(source)).toBe(`name ${round}`)
      }
    })
    await expect.poll(async () => find(source), { timeout: 20_000 }).toBe('name 9')
  })
})

it('is in a race that the cache of TypeORM loses', LONG, async () => {
  const source = await open(true)
  // The database of the test has no network, so the calls of its cache are given one.
  const own = source.queryResultCache!
  for (const name of ['getFromCache', 'storeInCache', 'remove'] as const) {
    const call = own[name].bind(own) as (...args: unknown[]) => Promise<unknown>
    Object.assign(own, {
      [name]: async (...args: unknown[]) => {
        await jitter()
        return call(...args)
      },
    })
  }
  const race = await racing(source, async (name) => source.queryResultCache!.remove([name]))
  expect(await staleRows('TypeORM, its own cache', race)).toBeGreaterThan(0)
})

it('is in a race that a provider by hand loses', LONG, async () => {
  const kept = new Map<string, string>()
  const byHand = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    synchronize: async () => undefined,
    getFromCache: async ({ identifier = '' }: { identifier?: string }) => {
      await jitter()
      const result = kept.get(identifier)
      return result === undefined ? undefined : { duration: 60_000, result }
    },
    storeInCache: async ({ identifier = '', result }: { identifier?: string; result?: string }) => {
      await jitter()
      kept.set(identifier, result!)
    },
    isExpired: () => false,
    clear: async () => kept.clear(),
    remove: async (names: string[]) => {
      await jitter()
      for (const name of names) kept.delete(name)
    },
  }
  const race = await racing(await open(byHand), async (name) => byHand.remove([name]))
  expect(await staleRows('TypeORM, a provider by hand', race)).toBeGreaterThan(0)
})

it('keeps a result for the milliseconds of the query', async () => {
  const cache = new MemoryCache({ ttl: '1h' })
  const queries = new TypeormCache(cache)
  const source = await open(queries, new Asked(), queries)
  await source.getRepository(UserSchema).find({ cache: 1500 })
  for await (const key of cache.keys()) expect(await cache.ttl(key)).toBeCloseTo(1.5, 0)
})

it('refuses wrong arguments by name', () => {
  expect(() => new TypeormCache({} as never)).toThrow('TypeormCache: cache: {} is not a cache')
  expect(() => new TypeormCache(new MemoryCache(), { table: true } as never)).toThrow(/table/)
  expect(() => new TypeormCache(new MemoryCache(), { tables: 1 as never })).toThrow('tables: 1')
  expect(() => new TypeormCache(new MemoryCache()).watch({} as never)).toThrow('call initialize() first')
})
