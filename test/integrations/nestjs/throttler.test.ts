// The storage of @nestjs/throttler, with the real package.
import { Controller, Get } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import {
  Throttle,
  ThrottlerGuard,
  ThrottlerModule,
  type ThrottlerStorage as NestStorage,
} from '@nestjs/throttler'
import { MemoryCache, type BaseCache } from 'cachette'
import { CachetteModule, ThrottlerStorage } from 'cachette/nestjs'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../../src/testing/fake-clock.ts'
import { onEachEngine } from '../caches.ts'
import { start } from './app.ts'

@Controller()
class Limited {
  @Get('plain')
  plain(): string {
    return 'plain'
  }

  @Get('blocked')
  @Throttle({ default: { limit: 1, ttl: 1000, blockDuration: 90_000 } })
  blocked(): string {
    return 'blocked'
  }
}

const limitedBy = async (cache: BaseCache) =>
  start({
    imports: [
      CachetteModule.forRoot({ cache }),
      ThrottlerModule.forRootAsync({
        inject: [ThrottlerStorage],
        useFactory: (storage: ThrottlerStorage) => ({ throttlers: [{ ttl: 30_000, limit: 2 }], storage }),
      }),
    ],
    controllers: [Limited],
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
  })

describe('the storage of the throttler', () => {
  onEachEngine(({ make }) => {
    it('counts, refuses, and blocks, with the headers of the guard', async () => {
      const { get } = await limitedBy(await make())
      const first = await get('/plain')
      expect(first.status).toBe(200)
      expect(first.headers.get('x-ratelimit-limit')).toBe('2')
      expect(first.headers.get('x-ratelimit-remaining')).toBe('1')
      expect(Number(first.headers.get('x-ratelimit-reset'))).toBeGreaterThan(20)
      expect((await get('/plain')).headers.get('x-ratelimit-remaining')).toBe('0')
      const refused = await get('/plain')
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(20)
      expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(30)
      expect((await get('/blocked')).status).toBe(200)
      const blocked = await get('/blocked')
      expect(blocked.status).toBe(429)
      expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(80)
    })
  })

  it('takes milliseconds, answers seconds, and counts anew after the block', async () => {
    const clock = new FakeClock()
    const storage = new ThrottlerStorage(new MemoryCache({ clock, timers: clock }))
    const hit = async () => storage.increment('key', 1500, 2, 4000)

    expect(await hit()).toEqual({ totalHits: 1, timeToExpire: 2, isBlocked: false, timeToBlockExpire: 0 })
    expect(await hit()).toEqual({ totalHits: 2, timeToExpire: 2, isBlocked: false, timeToBlockExpire: 0 })
    expect(await hit()).toMatchObject({ totalHits: 3, isBlocked: true, timeToBlockExpire: 4 })
    await clock.advance('2500ms')
    expect(await hit()).toMatchObject({ totalHits: 3, isBlocked: true, timeToBlockExpire: 2 })
    await clock.advance('1500ms')
    expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false })
  })

  it('waits for the end of the window without a block, refuses a limit of 0, and counts each key apart', async () => {
    const clock = new FakeClock()
    const storage: NestStorage = new ThrottlerStorage(new MemoryCache({ clock, timers: clock }))
    await storage.increment('key', 10_000, 1, 0, 'default')
    await clock.advance(4)
    expect(await storage.increment('key', 10_000, 1, 0, 'default')).toMatchObject({
      isBlocked: true,
      timeToBlockExpire: 6,
    })
    expect(await storage.increment('other', 10_000, 1, 0, 'default')).toMatchObject({ isBlocked: false })
    expect(await storage.increment('none', 10_000, 0, 0, 'default')).toMatchObject({ isBlocked: true })
  })
})
