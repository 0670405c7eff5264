// The decorators of methods in real applications of Nest, over memory and over a server.
import {
  Controller,
  Get,
  Inject,
  Injectable,
  Ip,
  Param,
  Post,
  Scope,
  type DynamicModule,
} from '@nestjs/common'
import { MemoryCache, type BaseCache } from 'cachette'
import {
  Cached,
  CachePut,
  CachetteModule,
  cacheToken,
  InjectCache,
  Invalidates,
  RateLimit,
  RateLimitException,
} from 'cachette/nestjs'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../support/deferred.ts'
import { failureOf } from '../../support/error-of.ts'
import { until } from '../../support/until.ts'
import { onEachEngine } from '../caches.ts'
import { start } from './app.ts'

interface User {
  readonly id: number
  readonly name: string
}

@Injectable()
class Rows {
  queries = 0
  writes = 0
  readonly names = new Map([[7, 'Ada']])
  readWaits: Promise<unknown> = Promise.resolve()
}

@Injectable()
class Users {
  readonly rows: Rows

  constructor(@Inject(Rows) rows: Rows) {
    this.rows = rows
  }

  @Cached({ key: 'user:{0}', tags: ['users'], ttl: '30m' })
  async find(id: number): Promise<User> {
    this.rows.queries++
    const name = this.rows.names.get(id) ?? 'nobody'
    await this.rows.readWaits
    return { id, name }
  }

  @Cached({ name: 'all', tags: ['list'] })
  async list(): Promise<readonly string[]> {
    this.rows.queries++
    return [...this.rows.names.values()]
  }

  @Invalidates({ keys: ['user:{0}'], tags: ['list'] })
  async rename(id: number, name: string): Promise<void> {
    this.rows.names.set(id, name)
  }

  @CachePut({ key: 'user:{0}', tags: ['users'], ttl: '30m' })
  async save(id: number, name: string, waits: Promise<unknown> = Promise.resolve()): Promise<User> {
    this.rows.writes++
    await waits
    this.rows.names.set(id, name)
    return { id, name }
  }

  @CachePut({ key: 'user:{result.id}', tags: ['name:{result.name}'] })
  async create(name: string): Promise<User> {
    const id = 100 + this.rows.names.size
    this.rows.names.set(id, name)
    return { id, name }
  }

  @CachePut({ key: 'user:{0}' })
  async fail(_id: number): Promise<User> {
    throw new Error('the row is locked')
  }
}

@Controller('users')
class UsersController {
  readonly users: Users

  constructor(@Inject(Users) users: Users) {
    this.users = users
  }

  @Get(':id')
  @Cached({ key: 'page:{0}', tags: ['users'] })
  async find(@Param('id') id: string): Promise<{ page: User }> {
    return { page: await this.users.find(Number(id)) }
  }

  @RateLimit({ limit: 2, window: '1m', algorithm: 'fixed-window', key: '{0}' })
  @Post('limited')
  async limited(@Ip() ip: string): Promise<string> {
    return ip
  }
}

const withCache = (cache: BaseCache): DynamicModule => CachetteModule.forRoot({ cache })

async function usersOver(cache: BaseCache = new MemoryCache()) {
  const { app, get } = await start({
    imports: [withCache(cache)],
    controllers: [UsersController],
    providers: [Users, Rows],
  })
  return { app, get, cache, users: app.get(Users), rows: app.get(Rows) }
}

describe('decorated methods', () => {
  it('are cached and invalidated, of providers and of controllers', async () => {
    const { get, users, rows, cache } = await usersOver()

    expect((await get('/users/7')).body).toBe('{"page":{"id":7,"name":"Ada"}}')
    expect((await get('/users/7')).body).toBe('{"page":{"id":7,"name":"Ada"}}')
    expect(rows.queries).toBe(1)
    expect(await cache.ttl('user:7')).toBeGreaterThan(1790)
    await users.rename(7, 'Grace')
    expect(await users.find(7)).toEqual({ id: 7, name: 'Grace' })
    expect((await get('/users/7')).body).toContain('Ada')
    await cache.invalidateTag('users')
    expect((await get('/users/7')).body).toContain('Grace')
  })

  it('share one call among concurrent ones', async () => {
    const { users, rows } = await usersOver()

    await Promise.all([users.find(7), users.find(7), users.find(7)])
    expect(rows.queries).toBe(1)
  })

  onEachEngine(({ make }) => {
    it('never keep what was loaded before an invalidation that overlaps', async () => {
      const { users, rows } = await usersOver(await make())
      for (let round = 0; round < 20; round++) {
        const gate = deferred<undefined>()
        rows.readWaits = gate.promise
        rows.names.set(round, 'old')
        const early = users.find(round)
        await until('the load to begin', () => rows.queries === round * 2 + 1)
        await users.rename(round, 'new')
        gate.resolve(undefined)
        expect((await early).name).toBe('old')
        expect((await users.find(round)).name).toBe('new')
      }
    })
  })

  it('give the loaded value to callers that came before an invalidation', async () => {
    const { users, rows } = await usersOver()
    const gate = deferred<undefined>()
    rows.readWaits = gate.promise
    const early = users.find(7)
    await users.rename(7, 'Grace')
    gate.resolve(undefined)

    expect((await early).name).toBe('Ada')
    expect((await users.find(7)).name).toBe('Grace')
  })

  it('find the cache in request-scoped objects, in several classes and in subclasses', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      static calls = 0
      @Cached({ name: 'scoped' })
      async answer(): Promise<number> {
        return ++Scoped.calls
      }
    }
    @Injectable()
    class Sub extends Users {
      @Cached({ key: 'sub:{0}' })
      async sub(id: number): Promise<number> {
        this.rows.queries++
        return id
      }
    }
    @Controller()
    class Answers {
      readonly scoped: Scoped
      readonly sub: Sub
      constructor(@Inject(Scoped) scoped: Scoped, @Inject(Sub) sub: Sub) {
        this.scoped = scoped
        this.sub = sub
      }
      @Get('scoped')
      async answer(): Promise<string> {
        return `${await this.scoped.answer()} ${await this.sub.sub(1)} ${(await this.sub.find(7)).name}`
      }
    }
    const { app, get } = await start({
      imports: [withCache(new MemoryCache())],
      controllers: [Answers],
      providers: [Scoped, Sub, Rows],
    })

    expect((await get('/scoped')).body).toBe('1 1 Ada')
    expect((await get('/scoped')).body).toBe('1 1 Ada')
    expect(app.get(Rows).queries).toBe(2)
  })

  it('use the cache of their own application, one of several', async () => {
    const first = await usersOver()
    const second = await usersOver()

    await first.users.find(7)
    await second.users.find(7)
    expect([await first.cache.has('user:7'), await second.cache.has('user:7')]).toEqual([true, true])
    expect([first.rows.queries, second.rows.queries]).toEqual([1, 1])
  })

  it('find the cache of the running application in objects of factories, and none without an application', async () => {
    const rows = new Rows()
    const alone = new Users(rows)
    await alone.find(7)
    await alone.find(7)
    await alone.save(7, 'Grace')
    await alone.rename(7, 'Joan')
    expect([rows.queries, rows.writes]).toEqual([2, 1])

    const cache = new MemoryCache()
    const { app } = await start({
      imports: [withCache(cache)],
      providers: [{ provide: Users, useFactory: () => new Users(new Rows()) }],
    })
    await app.get(Users).find(7)
    expect(await cache.has('user:7')).toBe(true)
  })

  it('use a named cache', async () => {
    @Injectable()
    class Sessions {
      readonly cache: BaseCache
      constructor(@InjectCache('sessions') cache: BaseCache) {
        this.cache = cache
      }
      @Cached({ cache: 'sessions', key: '{0}' })
      async find(id: string): Promise<string> {
        return `session ${id}`
      }
    }
    const [plain, sessions] = [new MemoryCache(), new MemoryCache()]
    const { app } = await start({
      imports: [withCache(plain), CachetteModule.forRoot({ as: 'sessions', cache: sessions })],
      providers: [Sessions],
    })
    const service = app.get(Sessions)
    await service.find('a')

    expect(service.cache).toBe(sessions)
    expect(app.get(cacheToken('sessions'))).toBe(sessions)
    expect([await plain.has('a'), await sessions.has('a')]).toEqual([false, true])
  })

  it('without the module stop the start, with a message that names the class', async () => {
    expect(String(await failureOf(async () => start({ providers: [Users, Rows] })))).toMatch(
      /dependencies of the Users.*cachette/s,
    )
  })

  it('refuse wrong options where they are written', () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => Cached({ key: 'a', tll: 5 } as never), /tll/],
      [() => Cached({ cache: 7, key: 'a' } as never), /7 is not the name of a cache/],
      [() => Invalidates({}), /give keys, tags, or both/],
      [() => CachePut({ key: 'a', grac: 5 } as never), /grac/],
      [() => CachePut({ key: 7 } as never), /key: 7/],
      [() => RateLimit({ limit: 0, window: '1m' }), /limit/],
      [() => RateLimit({ limit: 1, window: '1m', keys: 'a' } as never), /keys/],
      [() => RateLimit({ limit: 1, window: '1m', key: '{result}' }), /result/],
      [() => RateLimit({ limit: 1, window: '1m', key: 7 } as never), /key/],
    ]
    for (const [make, message] of wrong) expect(make).toThrow(message)
  })
})

describe('CachePut', () => {
  it('calls the method each time and stores the answer', async () => {
    const { users, rows, cache } = await usersOver()
    await users.save(7, 'Grace')
    await users.save(7, 'Joan')

    expect(await users.find(7)).toEqual({ id: 7, name: 'Joan' })
    expect([rows.queries, rows.writes]).toEqual([0, 2])
    expect(await cache.ttl('user:7')).toBeGreaterThan(1790)
    await cache.invalidateTag('users')
    expect(await cache.has('user:7')).toBe(false)
  })

  it('makes key and tags of the answer', async () => {
    const { users, cache } = await usersOver()
    const { id } = await users.create('Grace')

    expect(await cache.get(`user:${id}`)).toEqual({ id, name: 'Grace' })
    await cache.invalidateTag('name:Grace')
    expect(await cache.has(`user:${id}`)).toBe(false)
  })

  it('removes the entry if the method fails', async () => {
    const { users, cache } = await usersOver()
    await users.find(7)

    expect(String(await failureOf(async () => users.fail(7)))).toContain('the row is locked')
    expect(await cache.has('user:7')).toBe(false)
  })

  onEachEngine(({ make }) => {
    it('calls the method each time and stores the answer', async () => {
      const { users, rows, cache } = await usersOver(await make())
      await users.save(7, 'Grace')
      await users.save(7, 'Joan')

      expect(await users.find(7)).toEqual({ id: 7, name: 'Joan' })
      expect([rows.queries, rows.writes]).toEqual([0, 2])
      await cache.invalidateTag('users')
      expect(await cache.has('user:7')).toBe(false)
    })

    it.each([
      ['another put of the key', async (users: Users) => users.save(7, 'second')],
      ['an invalidation of its tag', async (_: Users, cache: BaseCache) => cache.invalidateTag('users')],
      ['an invalidating method of the key', async (users: Users) => users.rename(7, 'second')],
    ])('stores nothing after %s meanwhile', async (_, meanwhile) => {
      const { users, cache } = await usersOver(await make())
      const gate = deferred<undefined>()
      const slow = users.save(7, 'first', gate.promise)
      await expect.poll(async () => cache.has('put:user:7')).toBe(true)
      await meanwhile(users, cache)
      gate.resolve(undefined)
      await slow

      expect(await cache.has('user:7')).toBe(false)
      expect((await users.find(7)).name).toBe('first')
    })
  })
})

describe('RateLimit', () => {
  it('answers 429 with Retry-After to a refused request', async () => {
    const { get } = await usersOver()
    const post = async () => get('/users/limited', { method: 'POST' })

    expect([(await post()).status, (await post()).status]).toEqual([201, 201])
    const { status, body, headers } = await post()
    expect(status).toBe(429)
    expect(JSON.parse(body)).toMatchObject({ statusCode: 429, message: 'Too Many Requests' })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(50)
  })

  it('limits methods of providers, all callers together without a key', async () => {
    @Injectable()
    class Mails {
      sent = 0
      @RateLimit({ limit: 1, window: '1h' })
      async send(): Promise<number> {
        return ++this.sent
      }
    }
    const { app } = await start({ imports: [withCache(new MemoryCache())], providers: [Mails] })
    const mails = app.get(Mails)
    await mails.send()
    const refused = await failureOf(async () => mails.send())

    expect(refused).toBeInstanceOf(RateLimitException)
    expect((refused as RateLimitException).result).toMatchObject({ limit: 1, remaining: 0 })
    expect(mails.sent).toBe(1)
  })
})
