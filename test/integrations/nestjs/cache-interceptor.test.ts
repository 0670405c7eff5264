// The interceptor and the facade of CACHE_MANAGER, with the metadata of Nest's own package and with ours.
import { Readable } from 'node:stream'
import {
  CacheInterceptor as NestInterceptor,
  CacheKey as NestKey,
  CacheTTL as NestTTL,
  CACHE_MANAGER as NEST_MANAGER,
} from '@nestjs/cache-manager'
import {
  Controller,
  Get,
  Headers as RequestHeaders,
  Injectable,
  NotFoundException,
  Post,
  Query,
  Res,
  Sse,
  StreamableFile,
  UseInterceptors,
  type ExecutionContext,
  type Type,
} from '@nestjs/common'
import { BaseCache, MemoryCache, silentLogger } from 'cachette'
import { Cache, CACHE_MANAGER, CacheInterceptor, CacheKey, CachetteModule, CacheTTL } from 'cachette/nestjs'
import { FakeClock } from '../../../src/testing/fake-clock.ts'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../support/deferred.ts'
import { start } from './app.ts'

/** Makes a controller whose answers the interceptor keeps. */
function controllerWith(interceptor: Type, Key: typeof CacheKey, Ttl: typeof CacheTTL) {
  @Controller()
  @UseInterceptors(interceptor)
  @Ttl(60_000)
  class Pages {
    calls = 0
    gate: Promise<unknown> = Promise.resolve()

    @Get('page')
    async page(@Query('of') name?: string): Promise<object> {
      const call = ++this.calls
      await this.gate
      return { name, call }
    }

    @Get('short')
    @Ttl(5000)
    short(): object {
      return { call: ++this.calls }
    }

    @Get('computed')
    @Ttl((context) => Number(context.getArgByIndex<{ query: { ms: string } }>(0).query.ms))
    @Key(() => 'computed key')
    computed(): string {
      return `call ${++this.calls}`
    }

    @Get('named')
    @Key('named')
    named(): string {
      return `call ${++this.calls}`
    }

    @Get('none')
    @Key(() => undefined)
    none(): string {
      return `call ${++this.calls}`
    }

    @Get('file')
    file(): StreamableFile {
      return new StreamableFile(Readable.from([`file ${++this.calls}`]))
    }

    @Get('nothing')
    nothing(@Res() response: { end(text: string): void }): void {
      response.end(`own ${++this.calls}`)
    }

    @Get('null')
    null(): null {
      this.calls++
      return null
    }

    @Get('missing')
    missing(): never {
      throw new NotFoundException(`call ${++this.calls}`)
    }

    @Get('who')
    who(@RequestHeaders('authorization') user = 'nobody'): string {
      this.calls++
      return user
    }

    @Sse('events')
    events() {
      return of({ data: `event ${++this.calls}` })
    }

    @Post('page')
    @Key('posted')
    post(): string {
      return `post ${++this.calls}`
    }
  }
  return Pages
}

const Own = controllerWith(CacheInterceptor, CacheKey, CacheTTL)
const Nests = controllerWith(NestInterceptor, NestKey, NestTTL)

async function pages(Pages: ReturnType<typeof controllerWith>, providers: Type[] = []) {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, timers: clock })
  const running = await start({
    imports: [CachetteModule.forRoot({ cache })],
    controllers: [Pages],
    providers,
  })
  const seen = async (path: string, init?: RequestInit): Promise<string> => {
    const { body, headers } = await running.get(path, init)
    return `${body} ${headers.get('x-cache') ?? '-'}`
  }
  return { ...running, clock, cache, seen, pages: running.app.get(Pages), manager: running.app.get(Cache) }
}

describe.each([
  ['of this package', Own],
  ['of @nestjs/cache-manager over the facade', Nests],
])('the interceptor %s', (_, Pages) => {
  it('keeps answers by URL for the milliseconds of the class or the method', async () => {
    const { seen, clock } = await pages(Pages)

    expect(await seen('/page?of=a')).toBe('{"name":"a","call":1} MISS')
    expect(await seen('/page?of=a')).toBe('{"name":"a","call":1} HIT')
    expect(await seen('/page?of=b')).toBe('{"name":"b","call":2} MISS')
    expect(await seen('/short')).toBe('{"call":3} MISS')
    await clock.advance('4900ms')
    expect(await seen('/short')).toBe('{"call":3} HIT')
    await clock.advance('100ms')
    expect(await seen('/short')).toBe('{"call":4} MISS')
    expect(await seen('/page?of=a')).toBe('{"name":"a","call":1} HIT')
    await clock.advance('55s')
    expect(await seen('/page?of=a')).toBe('{"name":"a","call":5} MISS')
  })

  it('takes keys and ttls of functions', async () => {
    const { seen, clock, manager } = await pages(Pages)
    await seen('/computed?ms=2000')
    expect(await manager.get('computed key')).toBe('call 1')
    expect(await manager.ttl('computed key')).toBe(clock.wallNow() + 2000)
    expect(await seen('/computed?ms=2000')).toBe('call 1 HIT')
    await clock.advance('2s')
    expect(await seen('/computed?ms=0')).toBe('call 2 MISS')
    await clock.advance('30d')
    expect(await seen('/computed?ms=0')).toBe('call 2 HIT')
    expect(await seen('/none')).toBe('call 3 -')
    expect(await seen('/none')).toBe('call 4 -')
  })

  it('keeps no files, no errors, and nothing that the method has sent itself', async () => {
    const { get } = await pages(Pages)
    expect([(await get('/file')).body, (await get('/file')).body]).toEqual(['file 1', 'file 2'])
    expect([(await get('/missing')).status, (await get('/missing')).body]).toEqual([
      404,
      '{"message":"call 4","error":"Not Found","statusCode":404}',
    ])
    expect([(await get('/nothing')).body, (await get('/nothing')).body]).toEqual(['own 5', 'own 6'])
  })

  it('is emptied through CACHE_MANAGER', async () => {
    const { seen, app } = await pages(Pages)
    const manager = app.get<Cache>(NEST_MANAGER)
    await seen('/named')
    await manager.del('named')
    expect(await seen('/named')).toBe('call 2 MISS')
    await manager.clear()
    expect(await seen('/named')).toBe('call 3 MISS')
  })
})

describe('the interceptor', () => {
  it('calls the method once for concurrent requests', async () => {
    const { seen, pages: own } = await pages(Own)
    const gate = deferred<undefined>()
    own.gate = gate.promise
    const both = [seen('/page'), seen('/page'), seen('/page')]
    await expect.poll(() => own.calls).toBe(1)
    gate.resolve(undefined)

    expect((await Promise.all(both)).map((text) => text.split(' ')[0])).toEqual(Array(3).fill('{"call":1}'))
    expect(own.calls).toBe(1)
  })

  it('keeps nothing that was removed meanwhile', async () => {
    const { seen, pages: own, manager } = await pages(Own)
    const gate = deferred<undefined>()
    own.gate = gate.promise
    const early = seen('/page')
    await expect.poll(() => own.calls).toBe(1)
    await manager.del('/page')
    gate.resolve(undefined)
    await early

    expect(await seen('/page')).toBe('{"call":2} MISS')
  })

  it('gives concurrent requests for a file, or for an answer that the method sends, one each', async () => {
    const { get } = await pages(Own)
    const bodies = async (path: string) => {
      const answers = await Promise.all([get(path), get(path), get(path)])
      return answers.map(({ body }) => body).toSorted()
    }
    expect(await bodies('/file')).toEqual(['file 1', 'file 2', 'file 3'])
    expect(await bodies('/nothing')).toEqual(['own 4', 'own 5', 'own 6'])
  })

  it('keeps null', async () => {
    const { seen, pages: own } = await pages(Own)
    await seen('/null')
    expect(await seen('/null')).toMatch(/HIT$/)
    expect(own.calls).toBe(1)
  })

  it('keeps answers of GET alone, also of methods with a key', async () => {
    const { seen } = await pages(Own)
    expect(await seen('/page', { method: 'POST' })).toBe('post 1 -')
    expect(await seen('/page', { method: 'POST' })).toBe('post 2 -')
    await seen('/named')
    expect(await seen('/named', { method: 'HEAD' })).toMatch(/ -$/)
  })

  it('keeps no answer to a request with Authorization by its URL', async () => {
    const { seen } = await pages(Own)
    const by = (user: string): RequestInit => ({ headers: { authorization: user } })
    expect(await seen('/who', by('Ada'))).toBe('Ada -')
    expect(await seen('/who', by('Grace'))).toBe('Grace -')
    expect(await seen('/who')).toBe('nobody MISS')
    expect(await seen('/who', by('Ada'))).toBe('Ada -')
  })

  it('leaves streams of events alone', async () => {
    const { get } = await pages(Own)
    expect((await get('/events')).body).toContain('data: event 1')
    expect((await get('/events')).body).toContain('data: event 2')
  })

  it('asks an overridden trackBy', async () => {
    @Injectable()
    class ByUser extends CacheInterceptor {
      protected override trackBy(context: ExecutionContext): string | undefined {
        const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>()
        const user = headers['authorization']
        return user === undefined ? undefined : `of ${user}`
      }
    }
    const { seen, manager } = await pages(controllerWith(ByUser, CacheKey, CacheTTL))
    const init = { headers: { authorization: 'Ada' } }
    expect([await seen('/who', init), await seen('/who', init)]).toEqual(['Ada MISS', 'Ada HIT'])
    expect(await seen('/who')).toBe('nobody -')
    expect(await manager.keys()).toEqual(['of Ada'])
  })

  it('takes URLs of any length', async () => {
    const { seen } = await pages(Own)
    const long = `/page?of=${'a'.repeat(3000)}`
    await seen(long)
    expect(await seen(long)).toMatch(/HIT$/)
    expect(await seen(`${long}b`)).toMatch(/MISS$/)
  })
})

describe('the facade of CACHE_MANAGER', () => {
  const facade = () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, timers: clock, ttl: '1h' })
    return { clock, cache, manager: new Cache(cache) }
  }

  it('gets, sets and removes, in milliseconds', async () => {
    const { clock, manager } = facade()
    expect(await manager.set('a', 1, 1500)).toBe(1)
    expect(await manager.get<number>('a')).toBe(1)
    expect(await manager.ttl('a')).toBe(clock.wallNow() + 1500)
    await clock.advance(1.5)
    expect(await manager.get('a')).toBeUndefined()
    await manager.set('default', 1)
    expect(await manager.ttl('default')).toBe(clock.wallNow() + 3_600_000)
    await manager.set('for ever', 1, 0)
    expect(await manager.ttl('for ever')).toBeUndefined()
    await manager.set('long', 1, 90 * 86_400_000)
    expect(await manager.ttl('long')).toBe(clock.wallNow() + 90 * 86_400_000)
    await manager.set('text', 1, '60000' as unknown as number)
    expect(await manager.ttl('text')).toBe(clock.wallNow() + 60_000)
    await manager.set('long', 2, -1)
    expect(await manager.get('long')).toBeUndefined()
    expect(await manager.del('default')).toBe(true)
    expect(await manager.get('default')).toBeUndefined()
  })

  it('does several at once', async () => {
    const { manager } = facade()
    const list = [
      { key: 'a', value: 1, ttl: 1000 },
      { key: 'b', value: null },
    ]
    expect(await manager.mset(list)).toBe(list)
    expect(await manager.mget(['b', 'none', 'a'])).toEqual([null, undefined, 1])
    expect((await manager.keys()).toSorted()).toEqual(['a', 'b'])
    expect(await manager.keys('a')).toEqual(['a'])
    expect(await manager.mdel(['a', 'none'])).toBe(true)
    expect(await manager.mget(['a', 'b'])).toEqual([undefined, null])
    expect(await manager.clear()).toBe(true)
    expect(await manager.keys()).toEqual([])
  })

  it('wraps: one load for concurrent callers, ttl of a function, errors to the callers', async () => {
    const { clock, manager } = facade()
    let loads = 0
    const load = async () => ({ loads: ++loads })
    const both = [manager.wrap('a', load, 2000), manager.wrap('a', load, 2000)]
    expect(await Promise.all(both)).toEqual([{ loads: 1 }, { loads: 1 }])
    await clock.advance(2)
    expect(await manager.wrap('a', load, ({ loads }) => loads * 1000)).toEqual({ loads: 2 })
    expect(await manager.ttl('a')).toBe(clock.wallNow() + 2000)
    await clock.advance(2)
    expect(await manager.wrap('a', load, { ttl: 10_000, refreshThreshold: 4000 })).toEqual({ loads: 3 })
    await clock.advance(5)
    expect(await manager.wrap('a', load, 10_000, 4000)).toEqual({ loads: 3 })
    await clock.advance(2)
    expect(await manager.wrap('a', load, 10_000, 4000)).toEqual({ loads: 3 })
    await expect.poll(() => loads).toBe(4)
    await expect(manager.wrap('b', () => Promise.reject(new Error('none')))).rejects.toThrow('none')
  })

  it('takes any text as a key', async () => {
    const { manager } = facade()
    const keys = ['', '!a', '~a', 'a!lock:b', '\u{D800}', '\u{D801}', 'a'.repeat(3000), 'ä'.repeat(700)]
    await Promise.all(keys.map(async (key) => manager.set(key, key)))
    expect(await manager.mget(keys)).toEqual(keys)
  })

  it('refuses a ttl that is no number, by name', async () => {
    const { manager } = facade()
    await expect(manager.set('a', 1, '5m' as unknown as number)).rejects.toThrow(
      /ttl: '5m' is not a number of milli/,
    )
    await expect(manager.set('a', 1, NaN)).rejects.toThrow(/ttl: NaN/)
  })

  it('has the same token as Nest’s own', () => {
    expect(CACHE_MANAGER).toBe(NEST_MANAGER)
  })
})

describe('limits of the cache for loads', () => {
  it('fail no request', async () => {
    const clock = new FakeClock()

    @Controller()
    @UseInterceptors(CacheInterceptor)
    class Slow {
      calls = 0

      @Get('slow')
      async slow(): Promise<string> {
        const call = ++this.calls
        if (call === 1) throw new NotFoundException()
        await clock.advance('60ms')
        return `call ${call}`
      }
    }
    const limits = { hardTimeout: { milliseconds: 20 }, loadErrorTtl: '1m' } as const
    const { app, get } = await start({
      imports: [
        CachetteModule.forRoot({ cache: new MemoryCache({ ...limits, clock, logger: silentLogger }) }),
      ],
      controllers: [Slow],
    })
    expect((await get('/slow')).status).toBe(404)
    expect(await get('/slow')).toMatchObject({ status: 200, body: 'call 2' })
    await app.get(CACHE_MANAGER).del('/slow')
    const both = await Promise.all([get('/slow'), get('/slow')])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    await app.get(BaseCache).close()
    expect((await get('/slow')).status).toBe(200)
  })
})
