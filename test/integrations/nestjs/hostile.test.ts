// Applications and inputs that other modules of Nest were reported to fail with.
import { Readable } from 'node:stream'
import { Controller, Get, HttpException, Module, Query, Res, UseInterceptors } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler'
import { BaseCache, MemoryCache } from 'cachette'
import {
  Cached,
  CacheInterceptor,
  CacheKey,
  CachePut,
  CachetteModule,
  Invalidates,
  RateLimit,
  ThrottlerStorage,
} from 'cachette/nestjs'
import { expect, it } from 'vitest'
import { deferred } from '../../support/deferred.ts'
import { until } from '../../support/until.ts'
import { onEachEngine } from '../caches.ts'
import { start } from './app.ts'

interface Reply {
  status(code: number): unknown
}

@Controller()
@UseInterceptors(CacheInterceptor)
class Pages {
  calls = 0
  gate: Promise<unknown> = Promise.resolve()

  @Get('status')
  status(@Res({ passthrough: true }) reply: Reply): string {
    reply.status(++this.calls === 1 ? 503 : 200)
    return `call ${this.calls}`
  }

  @Get('stream')
  async stream(@Res({ passthrough: true }) reply: { type(type: string): unknown }): Promise<unknown> {
    const call = ++this.calls
    await this.gate
    reply.type('text')
    return Readable.from([`call ${call}`])
  }

  @Get('error')
  @CacheKey('error')
  error(): string {
    if (++this.calls === 1) throw new HttpException('trouble', 502)
    return `call ${this.calls}`
  }
}

onEachEngine((engine) => {
  it('keeps no answer whose method has changed the status', async () => {
    const cache = await engine.make()
    const { get } = await start({ imports: [CachetteModule.forRoot({ cache })], controllers: [Pages] })
    expect(await get('/status')).toMatchObject({ status: 503, body: 'call 1' })
    expect(await get('/status')).toMatchObject({ status: 200, body: 'call 2' })
    expect(await get('/status')).toMatchObject({ status: 200, body: 'call 2' })
  })

  it('keeps no error, and asks again', async () => {
    const cache = await engine.make()
    const { get } = await start({ imports: [CachetteModule.forRoot({ cache })], controllers: [Pages] })
    expect((await get('/error')).status).toBe(502)
    expect(await get('/error')).toMatchObject({ status: 200, body: 'call 2' })
  })

  it('shares no answer that can not be stored among requests that overlap', async () => {
    const cache = await engine.make()
    const { app, get } = await start({ imports: [CachetteModule.forRoot({ cache })], controllers: [Pages] })
    const pages = app.get(Pages)
    const { promise, resolve } = deferred()
    pages.gate = promise
    const all = Array.from({ length: 3 }, async () => get('/stream'))
    await until('a call', async () => pages.calls > 0)
    resolve()
    for (const { status } of await Promise.all(all)) expect(status).toBe(200)
    expect(pages.calls).toBe(3)
  })

  it('takes any text as the key of a limit', async () => {
    @Controller()
    class Login {
      @Get('login')
      @RateLimit({ limit: 1, window: '1m', key: '{0}', name: `login-${engine.name}` })
      async login(@Query('as') user: string): Promise<string> {
        return user.slice(0, 3)
      }
    }
    const cache = await engine.make()
    const { get } = await start({ imports: [CachetteModule.forRoot({ cache })], controllers: [Login] })
    for (const name of ['', '!', '%', 'x'.repeat(5000), '%F0%9F%98%80', '%00'])
      expect([(await get(`/login?as=${name}`)).status, (await get(`/login?as=${name}`)).status]).toEqual([
        200, 429,
      ])
  })

  it.each(['', 'x'.repeat(5000), '!', '\uD800'])('takes any key of the throttler: %j', async (key) => {
    const cache = await engine.make()
    const storage = new ThrottlerStorage(cache)
    expect(await storage.increment(key, 1000, 1, 0)).toMatchObject({ totalHits: 1, isBlocked: false })
    expect(await storage.increment(key, 1000, 1, 0)).toMatchObject({ totalHits: 2, isBlocked: true })
  })
})

it.each([
  ['a limit without end', 1000, Infinity, 0, false],
  ['a window without end', Infinity, 1, 0, false],
  ['a limit of nothing', 0, 0, 0, true],
  ['a window of nothing', 0, 5, 0, false],
  ['a block without end', 1000, 1, Infinity, false],
  ['a broken limit', 1000, 2.5, 0, false],
] as const)('the throttler takes %s', async (_, ttl, limit, blockDuration, isBlocked) => {
  const storage = new ThrottlerStorage(new MemoryCache())
  const first = await storage.increment('key', ttl, limit, blockDuration)
  expect(first).toMatchObject({ totalHits: 1, isBlocked })
  expect(first.timeToExpire).not.toBeNaN()
})

it('a module for each call, also where Nest tells modules apart by their text', async () => {
  const caches = [new MemoryCache(), new MemoryCache()]
  class One {
    static readonly index = 0
  }
  class Two {
    static readonly index = 1
  }
  const parts = [One, Two].map(({ index }) => {
    class User {
      constructor(readonly cache: BaseCache) {}
    }
    const provider = {
      provide: `user ${index}`,
      useFactory: (cache: BaseCache) => new User(cache),
      inject: [BaseCache],
    }
    @Module({
      imports: [CachetteModule.forRoot({ cache: caches[index]!, isGlobal: false })],
      providers: [provider],
    })
    class Part {}
    return Part
  })
  @Module({ imports: parts })
  class App {}
  const app = await NestFactory.createApplicationContext(App, {
    logger: false,
    moduleIdGeneratorAlgorithm: 'deep-hash',
  })
  expect(
    [0, 1].map((index) => app.get<{ cache: BaseCache }>(`user ${index}`).cache === caches[index]),
  ).toEqual([true, true])
  await app.close()
})

it('decorates no generators, whose answers come in parts', () => {
  for (const decorate of [
    Cached({ key: 'key' }),
    Invalidates({ tags: ['tag'] }),
    CachePut({ key: 'key' }),
    RateLimit({ limit: 1, window: '1s' }),
  ]) {
    class Parts {
      async *each(): AsyncGenerator<number> {
        yield 1
      }
      *every(): Generator<number> {
        yield 1
      }
    }
    for (const name of ['each', 'every'] as const) {
      const descriptor = Object.getOwnPropertyDescriptor(Parts.prototype, name)!
      const apply = (): unknown => Reflect.apply(decorate, undefined, [Parts.prototype, name, descriptor])
      expect(apply).toThrow(/a generator/)
    }
  }
})

it('decorates methods with symbols for names, and inherited ones', async () => {
  const name = Symbol('find')
  let calls = 0
  class Base {
    @Cached({ key: 'of:{0}' })
    async [name](id: number): Promise<string> {
      return `${id} ${++calls}`
    }
  }
  class Derived extends Base {}
  const { app } = await start({
    imports: [CachetteModule.forRoot({ cache: new MemoryCache() })],
    providers: [Derived],
  })
  const derived = app.get(Derived)
  expect([await derived[name](1), await derived[name](1)]).toEqual(['1 1', '1 1'])
})

it('lets the guard of the throttler work', async () => {
  const cache = new MemoryCache()
  const { get } = await start({
    imports: [
      CachetteModule.forRoot({ cache }),
      ThrottlerModule.forRoot({
        throttlers: [{ ttl: 60_000, limit: 2 }],
        storage: new ThrottlerStorage(cache),
      }),
    ],
    controllers: [Pages],
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
  })
  // A flood at once: no more than the limit pass.
  const answers = await Promise.all(Array.from({ length: 20 }, async () => get('/error')))
  expect(answers.filter(({ status }) => status !== 429)).toHaveLength(2)
})
