// A whole application while its server dies and returns: no request fails because of the cache.
import { Controller, Get, Inject, Injectable, Param, Post, UseInterceptors } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler'
import { BaseCache } from 'cachette'
import {
  Cache,
  Cached,
  CacheHealthIndicator,
  CacheInterceptor,
  CacheTTL,
  CachePut,
  CachetteModule,
  CACHE_MANAGER,
  Invalidates,
  RateLimit,
  ThrottlerStorage,
} from 'cachette/nestjs'
import { expect, it, onTestFinished } from 'vitest'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startRedis } from '../../real/servers/index.ts'
import { start } from './app.ts'

@Injectable()
class Users {
  queries = 0
  readonly names = new Map<string, string>()

  @Cached({ key: 'user:{0}', tags: ['users'] })
  async find(id: string): Promise<string> {
    this.queries++
    return this.names.get(id) ?? 'nobody'
  }

  @Invalidates({ keys: ['user:{0}'] })
  async rename(id: string, name: string): Promise<void> {
    this.names.set(id, name)
  }

  @CachePut({ key: 'user:{0}', tags: ['users'] })
  async put(id: string, name: string): Promise<string> {
    this.names.set(id, name)
    return name
  }
}

@Controller()
class All {
  pages = 0
  readonly users: Users
  readonly manager: Cache
  readonly checks: HealthCheckService
  readonly cache: CacheHealthIndicator

  constructor(
    @Inject(Users) users: Users,
    @Inject(CACHE_MANAGER) manager: Cache,
    @Inject(HealthCheckService) checks: HealthCheckService,
    @Inject(CacheHealthIndicator) cache: CacheHealthIndicator,
  ) {
    this.users = users
    this.manager = manager
    this.checks = checks
    this.cache = cache
  }

  @Get('users/:id')
  async find(@Param('id') id: string): Promise<string> {
    return this.users.find(id)
  }

  @Post('users/:id/:name')
  async rename(@Param('id') id: string, @Param('name') name: string): Promise<void> {
    await this.users.rename(id, name)
  }

  @Post('put/:id/:name')
  @RateLimit({ limit: 1000, window: '1s' })
  async put(@Param('id') id: string, @Param('name') name: string): Promise<string> {
    return this.users.put(id, name)
  }

  @Get('page')
  @UseInterceptors(CacheInterceptor)
  @CacheTTL(60_000)
  page(): string {
    return `page ${++this.pages}`
  }

  @Get('manager')
  async managed(): Promise<string> {
    await this.manager.set('a', 'b', 60_000)
    await this.manager.mset([{ key: 'c', value: 'd' }])
    await this.manager.del('e')
    await this.manager.mget(['a', 'c'])
    return this.manager.wrap('w', () => 'wrapped', 60_000)
  }

  @Get('health')
  @HealthCheck()
  async health(): Promise<object> {
    return this.checks.check([async () => this.cache.check('cache')])
  }
}

describeWithServers('an application over a server that dies and returns', () => {
  it.each([
    ['with two tiers', {}],
    ['with the server alone', { l1: false }],
  ] as const)('answers each request and never with an old name: %s', async (_, tiers) => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    const { app, get } = await start({
      imports: [
        CachetteModule.forRoot({ redis: server.url, ttl: '1h', logger: new RecordingLogger(), ...tiers }),
        ThrottlerModule.forRootAsync({
          inject: [ThrottlerStorage],
          useFactory: (storage: ThrottlerStorage) => ({
            throttlers: [{ ttl: 60_000, limit: 100_000 }],
            storage,
          }),
        }),
        TerminusModule,
      ],
      controllers: [All],
      providers: [Users, { provide: APP_GUARD, useClass: ThrottlerGuard }],
    })
    const [cache, users] = [app.get(BaseCache), app.get(Users)]
    await until('the cache to be connected', async () => cache.set('connected', true))
    let written = 0
    const round = async (): Promise<void> => {
      const name = `name${++written}`
      const renamed = await get(`${written % 2 === 0 ? '/put/7' : '/users/7'}/${name}`, { method: 'POST' })
      const paths = ['/users/7', '/users/8', '/page', '/manager', '/health']
      const answers = [renamed, ...(await Promise.all(paths.map(async (path) => get(path))))]
      expect(answers.map(({ status, body }) => `${status} ${status < 400 ? '' : body}`)).toEqual([
        '201 ',
        ...Array(5).fill('200 '),
      ])
      expect(answers[1]!.body).toBe(name)
    }
    const status = async (): Promise<string> =>
      (JSON.parse((await get('/health')).body) as { status: string }).status

    for (let times = 0; times < 3; times++) await round()
    expect(await status()).toBe('ok')
    await server.kill()
    for (let times = 0; times < 5; times++) await round()
    await until('the check to say so', async () => (await status()) === 'degraded')
    await server.restart()
    for (let times = 0; times < 3; times++) await round()
    await until('the check to be well', async () => (await status()) === 'ok')
    await round()
    await until('the server to have the entry', async () => {
      await get('/users/9')
      return (await server.command('EXISTS', 'cachette:user:9')) === 1
    })
    const before = users.queries
    expect((await get('/users/9')).body).toBe('nobody')
    expect(users.queries).toBe(before)
  })
})
