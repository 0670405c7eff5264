import { expect, it } from 'vitest'
import { MemoryCache, StoreUnavailableError } from '../../../src/index.ts'
import { rateLimitHeaders, RateLimiter } from '../../../src/ratelimit/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { SharedStore } from '../../support/shared-store.ts'
import { silentLogger } from '../../../src/core/logging/logger.ts'

it('tells policies, what remains and when to come again', async () => {
  const cache = new MemoryCache({ clock: new FakeClock() })
  const limiter = new RateLimiter(cache, {
    name: 'api',
    limits: [
      { name: 'burst', algorithm: 'fixed-window', limit: 1, window: '1500ms' },
      { name: 'daily', algorithm: 'fixed-window', limit: 1000, window: '1d' },
    ],
  })

  expect(rateLimitHeaders(await limiter.consume('a'))).toEqual({
    'RateLimit-Policy': '"burst";q=1;w=2, "daily";q=1000;w=86400',
    RateLimit: '"burst";r=0;t=2, "daily";r=999;t=86400',
  })
  expect(rateLimitHeaders(await limiter.consume('a'))).toMatchObject({ 'Retry-After': '2' })
})

it('names no time for what will never be admitted', async () => {
  const limiter = new RateLimiter(new MemoryCache(), { name: 'api', limit: 1, window: 1 })

  expect(Object.keys(rateLimitHeaders(await limiter.consume('a', 2)))).toEqual([
    'RateLimit-Policy',
    'RateLimit',
  ])
})

it('claims to know nothing while the store is down', async () => {
  const store = new SharedStore()
  store.failure = { error: new StoreUnavailableError('down'), isDone: false }
  const options = { name: 'api', limit: 5, window: 60, logger: silentLogger } as const

  const allowed = await new RateLimiter({ atomic: store }, { ...options, whenUnavailable: 'allow' }).consume(
    'a',
  )
  expect(rateLimitHeaders(allowed)).toEqual({ 'RateLimit-Policy': '"api";q=5;w=60' })
  const denied = await new RateLimiter({ atomic: store }, { ...options, whenUnavailable: 'deny' }).consume(
    'a',
  )
  expect(rateLimitHeaders(denied)).toEqual({ 'RateLimit-Policy': '"api";q=5;w=60', 'Retry-After': '1' })
})
