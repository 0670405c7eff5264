// The indicator of @nestjs/terminus, with the real package: 12, and the older forms.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Controller, Get, Inject } from '@nestjs/common'
import { HealthCheck, HealthCheckService, TerminusModule, type HealthIndicatorResult } from '@nestjs/terminus'
import { MemoryCache } from 'cachette'
import { CacheHealthIndicator } from 'cachette/nestjs'
import { describe, expect, it } from 'vitest'
import { start } from './app.ts'

const folder = process.env['CACHETTE_TEST_NEST'] ?? join(import.meta.dirname, '..')
const manifest = readFileSync(join(folder, 'node_modules/@nestjs/terminus/package.json'), 'utf8')
const MAJOR = Number.parseInt((JSON.parse(manifest) as { version: string }).version)

describe('the health indicator', () => {
  const checked = async (indicator: CacheHealthIndicator, of: 'check' | 'isHealthy', whenDown?: 'down') => {
    @Controller('health')
    class Health {
      readonly checks: HealthCheckService
      constructor(@Inject(HealthCheckService) checks: HealthCheckService) {
        this.checks = checks
      }
      @Get()
      @HealthCheck()
      async check(): Promise<object> {
        return this.checks.check([
          async (): Promise<HealthIndicatorResult> => indicator[of]('cache', { whenDown }),
        ])
      }
    }
    const { get } = await start({
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [Health],
    })
    const { status, body } = await get('/health')
    return { status, body: JSON.parse(body) as object }
  }
  const facts = { engine: 'memory', queued: 0 }

  it('tells the facts of a cache that is well', async () => {
    const indicator = new CacheHealthIndicator(new MemoryCache())
    const well = { status: 200, body: { status: 'ok', info: { cache: { status: 'up', ...facts } } } }
    expect(await checked(indicator, 'check')).toMatchObject(well)
    expect(await checked(indicator, 'isHealthy')).toMatchObject(well)
  })

  const downIndicator = async () => {
    const cache = new MemoryCache()
    await cache.close()
    return new CacheHealthIndicator(cache)
  }

  const itOfTheNewest = MAJOR < 12 ? () => undefined : it
  itOfTheNewest('lets a cache that is down degrade the application, or end it on request', async () => {
    const indicator = await downIndicator()
    expect(await checked(indicator, 'check')).toMatchObject({
      status: 200,
      body: { status: 'degraded', details: { cache: { status: 'degraded', ...facts } } },
    })
    expect(await checked(indicator, 'check', 'down')).toMatchObject({
      status: 503,
      body: { status: 'error', error: { cache: { status: 'down', ...facts } } },
    })
    expect(await checked(indicator, 'isHealthy')).toMatchObject({
      body: { info: { cache: { status: 'up' } } },
    })
  })

  const itOfOlder = MAJOR < 12 ? it : () => undefined
  itOfOlder('knows no degraded application in the older forms', async () => {
    const indicator = await downIndicator()
    expect(await checked(indicator, 'isHealthy')).toMatchObject({
      status: 200,
      body: { status: 'ok', info: { cache: { status: 'up', ...facts } } },
    })
    expect(await checked(indicator, 'isHealthy', 'down')).toMatchObject({
      status: 503,
      body: { status: 'error', error: { cache: { status: 'down', ...facts } } },
    })
  })

  it('refuses wrong options by name', async () => {
    const indicator = new CacheHealthIndicator(new MemoryCache())
    await expect(indicator.check('cache', { whenDown: 'up' } as never)).rejects.toThrow(/whenDown: 'up'/)
    await expect(indicator.check('cache', { wenDown: 'up' } as never)).rejects.toThrow(/wenDown/)
  })
})
