import { MemoryCache, OptionsError } from 'cachette'
import { metricsText } from 'cachette/prometheus'
import { FakeClock } from 'cachette/testing'
import { describe, expect, it } from 'vitest'
import { parse } from './parse.ts'

const PATHS = ['', 'shop', 'say "hi" \\ back', 'two\nlines']

async function busy(cache: MemoryCache, clock: FakeClock): Promise<void> {
  await cache.getOrSet('user:7', async () => {
    await clock.advance('20ms')
    return 'Ada'
  })
  await cache.get('user:7')
  await cache.get('user:8')
  await cache.set('user:9', 'Bob')
  await cache.delete('user:9')
  const failing = cache.getOrSet('user:10', () => {
    throw new Error('no')
  })
  await failing.catch(() => undefined)
}

describe('metricsText', () => {
  it('writes the figures of a cache', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ name: 'users', clock })
    metricsText(cache)
    await busy(cache, clock)
    const { value, types } = parse(metricsText(cache))

    expect(value('cache_gets_total', { cache: 'users', family: '(root)', result: 'hit', tier: 'l1' })).toBe(1)
    expect(value('cache_gets_total', { cache: 'users', family: '(root)', result: 'miss' })).toBe(3)
    expect(value('cache_puts_total', { cache: 'users', family: '(root)' })).toBe(2)
    expect(value('cache_invalidations_total', { cache: 'users', family: '(root)' })).toBe(1)
    expect(value('cache_size', { cache: 'users' })).toBe(1)
    expect(value('cache_evictions_total', { cache: 'users', cause: 'entries' })).toBe(0)
    const success = { cache: 'users', family: '(root)', result: 'success' }
    expect(value('cache_load_duration_seconds_bucket', { le: '0.01', ...success })).toBe(0)
    expect(value('cache_load_duration_seconds_bucket', { le: '0.025', ...success })).toBe(1)
    expect(value('cache_load_duration_seconds_bucket', { le: '+Inf', ...success })).toBe(1)
    expect(value('cache_load_duration_seconds_sum', success)).toBe(0.02)
    expect(value('cache_load_duration_seconds_count', success)).toBe(1)
    expect(value('cache_load_duration_seconds_count', { ...success, result: 'failure' })).toBe(1)
    expect(types.get('cache_gets_total')).toBe('counter')
    expect(types.get('cache_size')).toBe('gauge')
    expect(types.get('cache_load_duration_seconds')).toBe('histogram')
  })

  it('counts each namespace and wrapped function apart', async () => {
    const cache = new MemoryCache({ name: 'shop' })
    const find = cache.namespace('carts').wrap(async (id: number) => id, { name: 'find' })
    await find(1)
    await find(1)
    await cache.namespace('carts').get('absent')
    const { value } = parse(metricsText(cache))
    const hits = { cache: 'shop', result: 'hit', tier: 'l1' }

    expect(value('cache_gets_total', { ...hits, family: 'carts:find' })).toBe(1)
    expect(value('cache_gets_total', { ...hits, family: 'carts' })).toBe(0)
    expect(value('cache_gets_total', { cache: 'shop', family: 'carts', result: 'miss' })).toBe(1)
  })

  it('sums the figures of caches with one name, and takes a cache once', async () => {
    const [one, other] = [new MemoryCache(), new MemoryCache()]
    await one.set('a', 1)
    await other.set('b', 2)
    const { value } = parse(metricsText([one, one.namespace('part'), other]))

    expect(value('cache_size', { cache: 'cache' })).toBe(2)
    expect(value('cache_puts_total', { cache: 'cache', family: '(root)' })).toBe(2)
  })

  it.each(PATHS)('escapes names: %j', async (name) => {
    const cache = new MemoryCache({ name: `cache ${name}` })
    await cache.get('a')
    const { value } = parse(metricsText(cache))

    expect(value('cache_gets_total', { cache: `cache ${name}`, family: '(root)', result: 'miss' })).toBe(1)
  })

  it('has no more lines with more keys', async () => {
    const cache = new MemoryCache()
    const linesAfter = async (keys: number): Promise<number> => {
      for (let index = 0; index < keys; index++) await cache.getOrSet(`user:${index}`, () => index)
      return metricsText(cache).split('\n').length
    }
    metricsText(cache)

    expect(await linesAfter(300)).toBe(await linesAfter(10))
  })

  it('has a bounded number of lines with many namespaces', async () => {
    const cache = new MemoryCache()
    for (let index = 0; index < 1000; index++) await cache.namespace(`tenant${index}`).get('a')
    const misses = metricsText(cache)
      .split('\n')
      .filter((line) => line.startsWith('cache_gets_total') && line.includes('"miss"'))

    expect(misses.length).toBeLessThanOrEqual(256)
    expect(misses.find((line) => line.includes('"other"'))).toMatch(/ 7\d\d$/)
  })

  it('refuses anything that is not a cache', () => {
    expect(() => metricsText({} as never)).toThrow(OptionsError)
    expect(() => metricsText([new MemoryCache(), undefined] as never)).toThrow('undefined is not a cache')
  })
})
