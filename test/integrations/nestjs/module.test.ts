// The module: its forms, shared connections, hot reloads, and the end of an application.
import { Inject, Injectable, Module, type DynamicModule } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { BaseCache, MemoryCache } from 'cachette'
import {
  Cache,
  CacheHealthIndicator,
  CachetteModule,
  cacheToken,
  CACHE_MANAGER,
  ThrottlerStorage,
  type CachetteOptions,
  type CachetteOptionsFactory,
} from 'cachette/nestjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failureOf } from '../../support/error-of.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startRedis, type RedisServer } from '../../real/servers/index.ts'
import { start } from './app.ts'

@Injectable()
class Settings {
  readonly prefix = 'of settings:'
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class Factory implements CachetteOptionsFactory {
  static cache = new MemoryCache()
  async createCachetteOptions(): Promise<CachetteOptions> {
    return { cache: Factory.cache }
  }
}

@Module({ providers: [Factory], exports: [Factory] })
class FactoryModule {}

const cacheOf = async (...imports: DynamicModule[]): Promise<BaseCache> => {
  const { app } = await start({ imports })
  return app.get(BaseCache)
}

describe('the module', () => {
  it('makes a cache from the options of createCache', async () => {
    const logger = new RecordingLogger()
    const { app } = await start({ imports: [CachetteModule.forRoot({ name: 'shop', ttl: '1h', logger })] })
    const cache = app.get(BaseCache)
    await cache.set('a', 1)

    expect(await cache.ttl('a')).toBeGreaterThan(3590)
    expect(await cache.health()).toMatchObject({ cache: 'shop', engine: 'memory' })
    expect(logger.summary).toEqual([expect.stringContaining('no server is configured')])
    expect(app.get<Cache>(CACHE_MANAGER)).toBe(app.get(Cache))
    expect(app.get(CacheHealthIndicator)).toBeInstanceOf(CacheHealthIndicator)
    expect(app.get(ThrottlerStorage)).toBeInstanceOf(ThrottlerStorage)
  })

  it('takes options of a factory, a class, and a provider', async () => {
    const injected: string[] = []
    const ofFactory = await cacheOf(
      CachetteModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => {
          injected.push(settings.prefix)
          return { prefix: settings.prefix, logger: new RecordingLogger() }
        },
      }),
    )
    expect(injected).toEqual(['of settings:'])
    expect(ofFactory).toBeInstanceOf(MemoryCache)
    expect(await cacheOf(CachetteModule.forRootAsync({ useClass: Factory }))).toBe(Factory.cache)
    expect(
      await cacheOf(CachetteModule.forRootAsync({ imports: [FactoryModule], useExisting: Factory })),
    ).toBe(Factory.cache)
  })

  it('makes namespaces for the modules of features', async () => {
    const cache = new MemoryCache()
    const { app } = await start({
      imports: [
        CachetteModule.forRoot({ cache }),
        CachetteModule.forRoot({ as: 'other', cache: new MemoryCache() }),
        CachetteModule.forFeature('users', { ttl: '5m', keyVersion: 2 }),
        CachetteModule.forFeature('carts', { of: 'other' }),
      ],
    })
    const users = app.get<BaseCache>(cacheToken('users'))
    await users.set('7', 'Ada')
    await app.get<BaseCache>(cacheToken('carts')).set('7', 'tea')

    expect(await cache.get('users:v2:7')).toBe('Ada')
    expect(await users.ttl('7')).toBeGreaterThan(290)
    expect(await cache.get('carts:7')).toBeUndefined()
  })

  it('is global, unless it is told not to be', async () => {
    @Injectable()
    class Needs {
      readonly cache: BaseCache
      constructor(@Inject(BaseCache) cache: BaseCache) {
        this.cache = cache
      }
    }
    @Module({ providers: [Needs] })
    class Feature {}
    const imports = (isGlobal?: boolean) => [
      CachetteModule.forRoot({ cache: new MemoryCache(), isGlobal }),
      Feature,
    ]
    const { app } = await start({ imports: imports() })
    expect(app.get(Needs, { strict: false }).cache).toBeInstanceOf(MemoryCache)
    expect(String(await failureOf(async () => start({ imports: imports(false) })))).toContain('BaseCache')
  })

  it('lets tests replace the cache, without opening the other one', async () => {
    const cache = new MemoryCache()
    const module = await Test.createTestingModule({
      imports: [CachetteModule.forRoot({ nonsense: 1 } as never)],
    })
      .overrideProvider(BaseCache)
      .useValue(cache)
      .compile()
    expect(module.get<Cache>(CACHE_MANAGER).cache).toBeInstanceOf(BaseCache)
    expect(module.get(BaseCache)).toBe(cache)
    await module.close()
  })

  it('refuses wrong options by name', async () => {
    const wrong: [() => DynamicModule, RegExp][] = [
      [() => CachetteModule.forRoot({ tll: 5 } as never), /tll/],
      [() => CachetteModule.forRoot({ cache: 7 } as never), /CachetteModule: cache: 7 has no getOrSet\(\)/],
      [() => CachetteModule.forRoot({ cache: new MemoryCache(), ttl: 5 } as never), /beside cache.*ttl/],
      [() => CachetteModule.forRoot({ isGlobal: 'yes' } as never), /isGlobal: 'yes' is neither/],
      [() => CachetteModule.forRoot({ as: '' }), /'' is not the name of a cache/],
      [() => CachetteModule.forRoot(7 as never), /must be an object/],
      [() => CachetteModule.forRootAsync({}), /give useFactory, useClass or useExisting/],
      [() => CachetteModule.forRootAsync({ useFactry: 1 } as never), /useFactry/],
      [() => CachetteModule.forRootAsync({ useFactory: () => 7 as never }), /must be an object, not 7/],
      [() => CachetteModule.forFeature(''), /'' is not the name of a cache/],
    ]
    for (const [make, message] of wrong)
      expect(String(await failureOf(async () => start({ imports: [make()] })))).toMatch(message)
    const feature = { of: 'root', tll: 1 } as never
    const imports = () => [
      CachetteModule.forRoot({ as: 'root', cache: new MemoryCache() }),
      CachetteModule.forFeature('a', feature),
    ]
    expect(String(await failureOf(async () => start({ imports: imports() })))).toMatch(/tll/)
  })

  it('closes its cache after the last request, and not a cache of yours', async () => {
    const mine = new MemoryCache()
    const ofMine = await start({ imports: [CachetteModule.forRoot({ cache: mine })] })
    const own = await start({ imports: [CachetteModule.forRoot({ logger: new RecordingLogger() })] })
    const cache = own.app.get(BaseCache)
    await ofMine.app.close()
    await own.app.close()

    expect(await mine.set('a', 1)).toBe(true)
    await expect(cache.set('a', 1)).rejects.toThrow(/closed/)
  })
})

describeWithServers('the module on a server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())
  const options = (prefix: string, more: object = {}) => ({
    redis: server.url,
    prefix,
    ttl: '1h',
    logger: new RecordingLogger(),
    ...more,
  })
  const connections = async (): Promise<number> =>
    String(await server.command('CLIENT', 'LIST'))
      .split('\n')
      .filter((line) => line.includes('name=') && !line.includes('cmd=client')).length
  const closed = async (cache: BaseCache): Promise<boolean> =>
    (await failureOf(async () => cache.has('a'))) instanceof Error

  it('shares one cache among applications with the same options, until the last has ended', async () => {
    const first = await start({ imports: [CachetteModule.forRoot(options('one:'))] })
    const cache = first.app.get(BaseCache)
    await until('the cache to be connected', async () => cache.set('a', 1))
    const before = await connections()
    expect(before).toBeGreaterThan(0)
    for (let built = 0; built < 3; built++) {
      const again = await start({ imports: [CachetteModule.forRoot(options('one:'))] })
      expect(again.app.get(BaseCache)).toBe(cache)
      await again.app.close()
    }
    const second = await start({
      imports: [CachetteModule.forRootAsync({ useFactory: () => options('one:') })],
    })
    expect(second.app.get(BaseCache)).toBe(cache)
    expect(await connections()).toBe(before)
    await first.app.close()
    expect(await cache.get('a')).toBe(1)
    await second.app.close()
    expect(await closed(cache)).toBe(true)
    await until('the connections to end', async () => (await connections()) < before)
    const third = await start({ imports: [CachetteModule.forRoot(options('one:'))] })
    expect(await until('the cache to be connected', async () => third.app.get(BaseCache).get('a'))).toBe(1)
  })

  it('shares nothing with other prefixes, options, or objects of classes', async () => {
    const caches = new Set<BaseCache>()
    const kinds = [
      options('two:'),
      options('three:'),
      options('two:', { ttl: '2h' }),
      options('two:', { l1: false }),
      options('two:', { l1: { maxEntries: 5 } }),
      options('two:', { redis: { url: server.url, connect: 'required' } }),
      options('two:', { waitUntil: () => undefined }),
      options('two:', { waitUntil: () => undefined }),
    ]
    for (const kind of kinds) caches.add(await cacheOf(CachetteModule.forRoot(kind)))
    expect(caches.size).toBe(kinds.length)
  })

  it('sends what is queued before it closes', async () => {
    const { app } = await start({ imports: [CachetteModule.forRoot(options('drained:'))] })
    const cache = app.get(BaseCache)
    await until('the cache to be connected', async () => cache.set('a', 1))
    await server.makeReadOnly()
    expect(await cache.invalidate('a')).toMatchObject({ l2: 'queued' })
    await server.makeWritable()
    await app.close()

    expect(await server.command('EXISTS', 'drained:a')).toBe(0)
  })

  it('ends at once while the server is away', async () => {
    const away = await startRedis()
    const { app } = await start({
      imports: [CachetteModule.forRoot({ ...options('away:'), redis: away.url })],
    })
    const cache = app.get(BaseCache)
    await until('the cache to be connected', async () => cache.set('a', 1))
    await away.close()
    await cache.invalidate('a')
    await until('the loss to be noticed', async () => (await cache.health()).connected === false)
    await app.close()
    expect(await closed(cache)).toBe(true)
  })

  it('refuses to start without a server it must have', async () => {
    const wanted = { ...options('required:'), redis: 'redis://127.0.0.1:1', connect: 'required' } as const
    expect(await failureOf(async () => start({ imports: [CachetteModule.forRoot(wanted)] }))).toBeInstanceOf(
      Error,
    )
    expect(await failureOf(async () => start({ imports: [CachetteModule.forRoot(wanted)] }))).toBeInstanceOf(
      Error,
    )
  })
})
