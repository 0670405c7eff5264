// A microservice of Nest over TCP, alone and as a part of an HTTP application.
import 'reflect-metadata'
import { Catch, Controller, Get, Inject, Injectable, Param, type RpcExceptionFilter } from '@nestjs/common'
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core'
import {
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices'
import { BaseCache, MemoryCache } from 'cachette'
import {
  Cached,
  CacheInterceptor,
  CacheKey,
  CachetteModule,
  Invalidates,
  RateLimit,
  RateLimitException,
} from 'cachette/nestjs'
import { lastValueFrom, throwError, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { onEachEngine, onServers } from '../caches.ts'
import { start } from './app.ts'
import { startMicroservice, type Microservice } from './microservice.ts'

@Injectable()
class Users {
  queries = 0
  renamed = 0
  readonly names = new Map<string, string>()

  @Cached({ key: 'user:{0}' })
  async find(id: string): Promise<string> {
    this.queries++
    return this.names.get(id) ?? 'nobody'
  }
}

@Controller()
class UserController {
  versions = 0
  lists = 0
  readonly #users: Users
  readonly #cache: BaseCache

  constructor(@Inject(Users) users: Users, @Inject(BaseCache) cache: BaseCache) {
    this.#users = users
    this.#cache = cache
  }

  @Get('users/:id')
  async overHttp(@Param('id') id: string): Promise<string> {
    return this.#users.find(id)
  }

  @MessagePattern('find')
  async find(@Payload() id: string): Promise<string> {
    return this.#users.find(id)
  }

  @MessagePattern('version')
  version(): number {
    return ++this.versions
  }

  @MessagePattern('list')
  @CacheKey('list')
  list(): number {
    return ++this.lists
  }

  @MessagePattern('rare')
  @RateLimit({ limit: 2, window: '1h', key: '{0}' })
  async rare(@Payload() who: string): Promise<string> {
    return `for ${who}`
  }

  @MessagePattern('stored')
  async stored(@Payload() id: string): Promise<boolean> {
    return this.#cache.has(`user:${id}`)
  }

  @EventPattern('renamed')
  @Invalidates({ keys: ['user:{0.id}'] })
  async renamed(@Payload() { id, name }: { readonly id: string; readonly name: string }): Promise<void> {
    this.#users.names.set(id, name)
    this.#users.renamed++
  }
}

/** Tells the caller of a refused call. Without it Nest answers "Internal server error". */
@Catch(RateLimitException)
class RefusedFilter implements RpcExceptionFilter<RateLimitException> {
  catch({ message, result }: RateLimitException): Observable<never> {
    return throwError(() => ({ status: 'error', message, retryAfterMs: result.retryAfterMs }))
  }
}

const PARTS = {
  controllers: [UserController],
  providers: [
    Users,
    { provide: APP_INTERCEPTOR, useClass: CacheInterceptor },
    { provide: APP_FILTER, useClass: RefusedFilter },
  ],
}

async function serve(cache: BaseCache): Promise<Microservice & { readonly users: Users }> {
  const service = await startMicroservice({ imports: [CachetteModule.forRoot({ cache })], ...PARTS })
  return { ...service, users: service.app.get(Users) }
}

describe('a microservice', () => {
  onEachEngine(({ make }) => {
    it('caches and invalidates by the decorators of handlers and services', async () => {
      const { users, events, ask } = await serve(await make())
      expect([await ask('find', '1'), await ask('find', '1')]).toEqual(['nobody', 'nobody'])
      expect([users.queries, await ask('stored', '1')]).toEqual([1, true])

      await lastValueFrom(events.emit('renamed', { id: '1', name: 'Ann' }), { defaultValue: undefined })
      await until('the event to be handled', async () => !(await ask('stored', '1')) && users.renamed === 1)
      expect(await ask('find', '1')).toBe('Ann')
    })

    it('keeps only what has a key, with the interceptor of HTTP before every handler', async () => {
      const { ask } = await serve(await make())
      expect([await ask('version'), await ask('version')]).toEqual([1, 2])
      expect([await ask('list'), await ask('list')]).toEqual([1, 1])
    })

    it('refuses calls over the limit of a handler, each key apart', async () => {
      const { ask } = await serve(await make())
      for (let n = 0; n < 2; n++) expect(await ask('rare', 'a')).toBe('for a')
      await expect(ask('rare', 'a')).rejects.toMatchObject({ message: 'Too Many Requests' })
      expect(await ask('rare', 'b')).toBe('for b')
    })
  })

  onServers(({ make, outage }) => {
    it('answers while the server is away, and caches again when it is back', async () => {
      const { users, ask } = await serve(await make())
      await outage(async () => {
        expect([await ask('find', '1'), await ask('list'), await ask('rare', 'a')]).toEqual([
          'nobody',
          1,
          'for a',
        ])
      })
      await until('it caches again', async () => {
        await ask('find', '2')
        const { queries } = users
        await ask('find', '2')
        return users.queries === queries
      })
    })
  })

  it('closes the cache that it has made when it ends', async () => {
    const { app, close } = await startMicroservice({
      imports: [CachetteModule.forRoot()],
      ...PARTS,
    })
    const cache = app.get(BaseCache)
    expect(await cache.set('k', 1)).toBe(true)
    await close()
    await expect(cache.set('k', 1)).rejects.toMatchObject({ code: 'ERR_CACHE_CLOSED' })
  })

  it('shares the cache with the HTTP part of its application', async () => {
    const cache = new MemoryCache()
    const { app, get } = await start({ imports: [CachetteModule.forRoot({ cache })], ...PARTS })
    app.connectMicroservice<MicroserviceOptions>({ transport: Transport.TCP, options: { port: 0 } })
    await app.startAllMicroservices()
    expect((await get('/users/7')).body).toBe('nobody')
    expect(await cache.get('user:7')).toBe('nobody')
  })
})
