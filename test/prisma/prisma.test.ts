// The extension on real Prisma and a real database in memory.
import { MemoryCache, silentLogger, type BaseCache } from 'cachette'
import { cachettePrisma, type CachettePrismaOptions } from 'cachette/prisma'
import { describe, expect, it } from 'vitest'
import { onEachEngine } from '../integrations/caches.ts'
import { connect, makeDatabase, Prisma } from './database.ts'

const decimal = Prisma.Decimal

/** Connects a client with the extension. */
async function open(cache: BaseCache, options: CachettePrismaOptions = {}) {
  const { prisma: base, sent } = connect(await makeDatabase())
  const prisma = base.$extends(cachettePrisma(cache, { decimal, ...options }))
  /** Whether the work sends no statement. */
  const isCached = async (work: () => Promise<unknown>): Promise<boolean> => {
    const before = sent.length
    await work()
    return sent.length === before
  }
  return { prisma, base, sent, isCached }
}

type Opened = Awaited<ReturnType<typeof open>>['prisma']

onEachEngine((engine) => {
  const opened = async (options?: CachettePrismaOptions) =>
    open((await engine.make()).namespace('prisma'), options)

  it('answers a repeated read from the cache, until its model is written', async () => {
    const { prisma, isCached } = await opened()
    const read = async () => prisma.user.cached().findUnique({ where: { id: 1 } })
    expect(await read()).toMatchObject({ name: 'Ann' })
    expect(await isCached(read)).toBe(true)
    await prisma.team.update({ where: { id: 1 }, data: { name: 'Blue' } })
    expect(await isCached(read)).toBe(true)
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Bob' } })
    expect(await read()).toMatchObject({ name: 'Bob' })
    expect(await isCached(async () => prisma.user.findUnique({ where: { id: 1 } }))).toBe(false)
  })

  it('gives values back as they were', async () => {
    const { prisma, base, isCached } = await opened()
    const read = async () => prisma.post.cached().findMany({ include: { user: true, tags: true } })
    const direct = await base.post.findMany({ include: { user: true, tags: true } })
    expect(await read()).toEqual(direct)
    expect(await isCached(read)).toBe(true)
    const [post] = await read()
    expect(post).toEqual(direct[0])
    expect(post!.price).toBeInstanceOf(Prisma.Decimal)
    expect(post!.price.times(2).toString()).toBe('3')
    expect(post!.at).toBeInstanceOf(Date)
    expect(post!.views).toBe(9007199254740993n)
    expect(post!.body).toBeInstanceOf(Uint8Array)
    expect([...post!.body]).toEqual([1, 2])
    const sum = async () => prisma.post.cached().aggregate({ _sum: { price: true, views: true } })
    await sum()
    expect(await isCached(sum)).toBe(true)
    expect((await sum())._sum.price!.equals('1.5')).toBe(true)
    expect((await sum())._sum.views).toBe(9007199254740993n)
  })

  it('neither reads the cache in a transaction nor stores, and invalidates after the commit', async () => {
    const { prisma, base, isCached } = await opened()
    const read = async () => (await prisma.user.cached().findUnique({ where: { id: 1 } }))?.name
    await read()
    await prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'Bob' } })
      expect((await tx.user.cached().findUnique({ where: { id: 1 } }))?.name).toBe('Bob')
      await tx.$transaction(async (inner) => {
        await inner.team.update({ where: { id: 1 }, data: { name: 'Blue' } })
      })
      expect(await isCached(read)).toBe(true)
    })
    expect(await read()).toBe('Bob')
    expect(await base.team.count({ where: { name: 'Blue' } })).toBe(1)
    const failing = prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
      await tx.user.cached().findUnique({ where: { id: 1 } })
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await read()).toBe('Bob')
    const [before, , after] = await prisma.$transaction([
      prisma.user.cached().count({ where: { name: 'Zoe' } }),
      prisma.user.update({ where: { id: 1 }, data: { name: 'Zoe' } }),
      prisma.user.cached().count({ where: { name: 'Zoe' } }),
    ])
    expect([before, after]).toEqual([0, 1])
    expect(await read()).toBe('Zoe')
  })

  if (engine.name === 'memory') return
  it('fails no query while Redis is dead, and caches again afterwards', async () => {
    const { prisma, isCached } = await opened()
    const read = async () => prisma.user.cached().findUnique({ where: { id: 1 } })
    await read()
    await engine.outage(async () => {
      for (let round = 0; round < 10; round++) {
        await prisma.user.update({ where: { id: 1 }, data: { score: round } })
        expect((await read())?.score).toBe(round)
      }
    })
    await expect.poll(async () => isCached(read), { timeout: 20_000 }).toBe(true)
    expect((await read())?.score).toBe(9)
  })
})

describe('what a write invalidates', () => {
  /** Returns the names of the reads that a write makes go to the database again. */
  async function touchedBy(write: (prisma: Opened) => Promise<unknown>): Promise<string[]> {
    const { prisma, isCached } = await open(new MemoryCache())
    const reads: Record<string, () => Promise<unknown>> = {
      team: async () => prisma.team.cached().count(),
      user: async () => prisma.user.cached().findMany(),
      badge: async () => prisma.badge.cached().findFirst(),
      use: async () => prisma.use.cached().findFirst(),
      post: async () => prisma.post.cached().groupBy({ by: ['userId'] }),
      comment: async () => prisma.comment.cached().findFirst(),
      tag: async () => prisma.tag.cached().aggregate({ _max: { id: true } }),
    }
    for (const read of Object.values(reads)) await read()
    await write(prisma)
    const touched: string[] = []
    for (const [name, read] of Object.entries(reads)) if (!(await isCached(read))) touched.push(name)
    return touched
  }

  it('is its model', async () => {
    expect(await touchedBy(async (prisma) => prisma.user.create({ data: { name: 'Bob' } }))).toEqual(['user'])
    const many = async (prisma: Opened) => prisma.user.createManyAndReturn({ data: [{ name: 'Bob' }] })
    expect(await touchedBy(many)).toEqual(['user'])
    const update = async (prisma: Opened) => prisma.user.updateMany({ data: { score: { increment: 1 } } })
    expect(await touchedBy(update)).toEqual(['user'])
  })

  it('is what it writes to relations', async () => {
    const nested = async (prisma: Opened) =>
      prisma.user.create({
        data: { name: 'Bob', posts: { create: { title: 'Two', tags: { create: { name: 'x' } } } } },
      })
    expect(await touchedBy(nested)).toEqual(['user', 'post', 'tag'])
    const connect = async (prisma: Opened) =>
      prisma.tag.update({ where: { id: 1 }, data: { posts: { connect: { id: 1 } } } })
    expect(await touchedBy(connect)).toEqual(['post', 'tag'])
    const upsert = async (prisma: Opened) =>
      prisma.team.upsert({
        where: { id: 1 },
        create: { name: 'Blue' },
        update: {
          users: {
            update: {
              where: { id: 1 },
              data: { posts: { updateMany: { where: {}, data: { title: 'T' } } } },
            },
          },
        },
      })
    expect(await touchedBy(upsert)).toEqual(['team', 'user', 'post'])
  })

  it('is what the database deletes and changes with it', async () => {
    const team = async (prisma: Opened) => prisma.team.delete({ where: { id: 1 } })
    expect(await touchedBy(team)).toEqual(['team', 'user'])
    const posts = async (prisma: Opened) => prisma.post.deleteMany()
    expect(await touchedBy(posts)).toEqual(['post', 'comment'])
    const nested = async (prisma: Opened) =>
      prisma.team.update({
        where: { id: 1 },
        data: { users: { update: { where: { id: 1 }, data: { posts: { deleteMany: {} } } } } },
      })
    expect(await touchedBy(nested)).toEqual(expect.arrayContaining(['team', 'user', 'post', 'comment']))
    const key = async (prisma: Opened) => prisma.user.update({ where: { id: 1 }, data: { id: 5 } })
    expect(await touchedBy(key)).toEqual(['user', 'badge', 'use', 'post'])
  })

  it('is what a statement names', async () => {
    const raw = async (prisma: Opened) => prisma.$executeRaw`update app_user set score = ${3} where id = 1`
    expect(await touchedBy(raw)).toEqual(['user'])
    const unsafe = async (prisma: Opened) => prisma.$executeRawUnsafe('update app_user set score = $1', 3)
    expect(await touchedBy(unsafe)).toEqual(['user'])
    const returning = async (prisma: Opened) =>
      prisma.$queryRaw`insert into "Tag" (name) values ('x') returning id`
    expect(await touchedBy(returning)).toEqual(['tag'])
    expect(await touchedBy(async (prisma) => prisma.$queryRaw`select * from app_user`)).toEqual([])
    const inside = async (prisma: Opened) =>
      prisma.$transaction(async (tx) => tx.$executeRaw`update app_user set score = 3`)
    expect(await touchedBy(inside)).toEqual(['user'])
    const told = async (prisma: Opened) => prisma.$cache.invalidate({ models: ['Tag', 'Team'] })
    expect(await touchedBy(told)).toEqual(['team', 'tag'])
  })

  it('is every read that looks at its model', async () => {
    const { prisma, isCached } = await open(new MemoryCache(), { global: true })
    const reads = [
      async () => prisma.post.findMany({ include: { user: true } }),
      async () =>
        prisma.post.findMany({ where: { comments: { none: { post: { user: { is: { score: 7 } } } } } } }),
      async () => prisma.post.findMany({ orderBy: [{ user: { score: 'desc' } }] }),
      async () => prisma.team.findMany({ select: { _count: { select: { users: true } } } }),
      async () => prisma.team.findMany({ include: { _count: true } }),
      async () => prisma.post.findUnique({ where: { id: 1 } }).user(),
      async () =>
        prisma.comment.findFirst({ select: { post: { select: { user: { select: { name: true } } } } } }),
    ]
    for (const read of reads) await read()
    for (const read of reads) expect(await isCached(read)).toBe(true)
    await prisma.user.update({ where: { id: 1 }, data: { score: 7 } })
    for (const read of reads) expect(await isCached(read)).toBe(false)
    expect(await isCached(async () => prisma.tag.findMany())).toBe(false)
  })
})

describe('options', () => {
  it('hold for all reads, a model or one read', async () => {
    const cache = new MemoryCache({ ttl: '1h' })
    const { prisma, isCached } = await open(cache, {
      ttl: '10m',
      models: { Tag: true, Team: { ttl: 90, tags: ['teams'] } },
    })
    await prisma.tag.findMany()
    expect(await isCached(async () => prisma.tag.findMany())).toBe(true)
    expect(await isCached(async () => prisma.tag.uncached().findMany())).toBe(false)
    await prisma.user.findMany()
    expect(await isCached(async () => prisma.user.findMany())).toBe(false)
    await prisma.user.cached({ ttl: { milliseconds: 1500 } }).findFirst()
    await prisma.team.findFirst()
    const ttls: Record<string, number> = {}
    for await (const key of cache.keys()) ttls[key.split(':', 2).join(':')] = (await cache.ttl(key))!
    expect(ttls['Tag:findMany']).toBeCloseTo(600, -1)
    expect(ttls['Team:findFirst']).toBeCloseTo(90, -1)
    expect(ttls['User:findFirst']).toBeLessThanOrEqual(1.5)
    await prisma.$cache.invalidate({ tags: ['teams'] })
    expect(await isCached(async () => prisma.team.findFirst())).toBe(false)
    expect(await isCached(async () => prisma.tag.findMany())).toBe(true)
  })

  it('let a statement name its models', async () => {
    const { prisma, isCached } = await open(new MemoryCache(), {
      global: true,
      raw: (text) => (text.includes('set_config') ? ['Tag'] : []),
    })
    await prisma.tag.findMany()
    await prisma.$queryRaw`select set_config('x.y', 'z', false)`
    expect(await isCached(async () => prisma.tag.findMany())).toBe(false)
  })

  it('are refused if they are wrong', async () => {
    const cache = new MemoryCache()
    const { prisma, base } = await open(cache)
    expect(() => cachettePrisma({} as never)).toThrow('cachettePrisma: cache: {} is not a cache')
    expect(() => cachettePrisma(cache, { globel: true } as never)).toThrow(/globel/)
    expect(() => cachettePrisma(cache, { global: 1 as never })).toThrow('global: 1 is not true or false')
    expect(() => cachettePrisma(cache, { ttl: 'soon' as never })).toThrow(/cachettePrisma: ttl: 'soon'/)
    expect(() => cachettePrisma(cache, { quarantine: -1 })).toThrow(/quarantine/)
    expect(() => cachettePrisma(cache, { models: { User: { tll: 1 } as never } })).toThrow(
      /models: User.*tll/,
    )
    expect(() => base.$extends(cachettePrisma(cache, { decimal, models: { Usr: true } }))).toThrow(
      'models: Usr is no model',
    )
    expect(() => base.$extends(cachettePrisma(cache))).toThrow('give Prisma.Decimal')
    expect(() => cachettePrisma(cache, { decimal })({})).toThrow(
      'give the extension to $extends of a PrismaClient',
    )
    expect(() => prisma.user.cached({ ttl: 'soon' as never })).toThrow(/cached: ttl: 'soon'/)
    expect(() => prisma.user.cached({ key: 'x' } as never)).toThrow(/key/)
  })
})

describe('a key', () => {
  it('tells queries apart that have the same parameters', async () => {
    const { prisma, isCached } = await open(new MemoryCache(), { global: true })
    const where = { id: 1 }
    const user = await prisma.user.findUnique({ where, select: { posts: true } })
    const posts = await prisma.user.findUnique({ where }).posts()
    expect([user!.posts.length, posts!.length]).toEqual([1, 1])
    expect(await prisma.user.count()).toBe(1)
    expect(await prisma.user.count({ select: { _all: true } })).toEqual({ _all: 1 })
    const cheap = async (most: string) =>
      prisma.post.count({ where: { price: { lt: new Prisma.Decimal(most) } } })
    expect([await cheap('1.4'), await cheap('1.6'), await cheap('1.60')]).toEqual([0, 1, 1])
    expect(await isCached(async () => cheap('1.600'))).toBe(true)
    const meta = async (value: typeof Prisma.DbNull | typeof Prisma.JsonNull) =>
      prisma.post.findMany({ where: { meta: { equals: value } } })
    await meta(Prisma.DbNull)
    expect(await isCached(async () => meta(Prisma.JsonNull))).toBe(false)
    expect(await isCached(async () => meta(Prisma.DbNull))).toBe(true)
    const field = async () => prisma.post.findMany({ where: { title: { equals: prisma.post.fields.title } } })
    await field()
    expect(await isCached(field)).toBe(false)
  })

  it('belongs to clients that leave out the same fields', async () => {
    const cache = new MemoryCache()
    const { prisma } = await open(cache, { global: true })
    const careful = connect(await makeDatabase(), { omit: { user: { secret: true } } }).prisma.$extends(
      cachettePrisma(cache, { decimal, global: true }),
    )
    expect(await prisma.user.findFirst()).toHaveProperty('secret')
    expect(await careful.user.findFirst()).not.toHaveProperty('secret')
  })
})

describe('other extensions', () => {
  it('compute fields of cached results, of frozen ones too', async () => {
    for (const cache of [new MemoryCache(), new MemoryCache({ isolation: 'freeze' })]) {
      const { prisma } = await open(cache, { global: true })
      const loud = prisma.$extends({
        result: { user: { loud: { needs: { name: true }, compute: ({ name }) => `${name}!` } } },
        model: {
          user: {
            async first() {
              return loud.user.findFirstOrThrow()
            },
          },
        },
      })
      for (let times = 0; times < 3; times++) {
        const [user] = await loud.user.findMany({ include: { posts: true } })
        expect(user).toMatchObject({ loud: 'Ann!', posts: [{ title: 'One' }] })
        expect(await loud.user.cached().first()).toMatchObject({ loud: 'Ann!' })
      }
    }
  })

  it('may begin transactions that are not seen, whose models are held', async () => {
    const cache = new MemoryCache()
    const { prisma, base, isCached } = await open(cache, { global: true, quarantine: { milliseconds: 300 } })
    const other = prisma.$extends({
      client: {
        async unseen<R>(this: object, work: (tx: Opened) => Promise<R>): Promise<R> {
          return (await Reflect.apply(Reflect.get(base, '$transaction'), this, [work])) as R
        },
      },
    })
    const read = async () => (await prisma.user.findFirst())?.name
    await read()
    await other.unseen(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'Bob' } })
    })
    expect(await read()).toBe('Bob')
    expect(await isCached(read)).toBe(false)
    await expect.poll(async () => isCached(read), { timeout: 20_000 }).toBe(true)
    expect(await read()).toBe('Bob')
  })
})

it('passes errors of the database on, and shares no failure', async () => {
  const { prisma } = await open(new MemoryCache({ logger: silentLogger }), { global: true })
  const missing = async () => prisma.user.findUniqueOrThrow({ where: { id: 99 } })
  const results = await Promise.allSettled([missing(), missing(), missing()])
  for (const result of results)
    expect(
      result.status === 'rejected' && result.reason instanceof Prisma.PrismaClientKnownRequestError,
    ).toBe(true)
  expect(await prisma.user.findUnique({ where: { id: 99 } })).toBeNull()
  await prisma.user.create({ data: { id: 99, name: 'Zed' } })
  expect((await missing()).name).toBe('Zed')
})
