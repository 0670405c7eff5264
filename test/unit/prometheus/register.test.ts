import { MemoryCache, OptionsError } from 'cachette'
import { metricsText, register } from 'cachette/prometheus'
import { AggregatorRegistry, Counter, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { parse } from './parse.ts'

const MISSES = { cache: 'users', family: '(root)', result: 'miss' }

describe('register', () => {
  it('lets prom-client write the same figures', async () => {
    const registry = new Registry()
    const cache = new MemoryCache({ name: 'users "of" \\ the\nshop' })
    register(cache, { registry })
    await cache.getOrSet('user:7', () => 'Ada')
    await cache.namespace('carts').get('7')
    const [own, others] = [parse(metricsText(cache)), parse(await registry.metrics())]

    expect(others.samples.length).toBeGreaterThan(20)
    expect(others.samples).toEqual(own.samples)
    expect(others.types).toEqual(own.types)
  })

  it('reads the figures when the registry is read', async () => {
    const registry = new Registry()
    const cache = new MemoryCache({ name: 'users' })
    register(cache, { registry })
    const misses = async (): Promise<number | undefined> =>
      parse(await registry.metrics()).value('cache_gets_total', MISSES)

    expect(await misses()).toBe(0)
    await cache.get('a')
    expect(await misses()).toBe(1)
  })

  it('never goes back, whatever else reads the figures or resets metrics', async () => {
    const registry = new Registry()
    const cache = new MemoryCache({ name: 'users' })
    register(cache, { registry })
    await cache.getOrSet('a', () => 1)
    await cache.get('a')
    const before = parse(await registry.metrics())
    cache.stats()
    metricsText(cache)
    registry.resetMetrics()
    const after = parse(await registry.metrics())

    const counters = before.samples.filter(({ name }) => /_(total|bucket|sum|count)$/.test(name))
    expect(counters.length).toBeGreaterThan(20)
    for (const { name, labels, value } of counters)
      expect(after.value(name, labels)).toBeGreaterThanOrEqual(value)
  })

  it('has the names of counters that OpenMetrics wants', async () => {
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    register(new MemoryCache({ name: 'users' }), { registry })
    const text = await registry.metrics()

    expect(text).toContain('# TYPE cache_gets counter')
    expect(text).toContain('cache_gets_total{cache="users",family="(root)",result="miss"} 0')
  })

  it('has each metric once in OpenMetrics, although caches come and go between readings', async () => {
    const registry = new Registry()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    const ends = [register(new MemoryCache({ name: 'users' }), { registry })]
    const first = await registry.metrics()
    ends.push(register(new MemoryCache({ name: 'carts' }), { registry }))
    const heads = (text: string): readonly string[] =>
      text.split('\n').filter((line) => line.startsWith('# TYPE'))

    expect(heads(await registry.metrics())).toEqual(heads(first))
    for (const end of ends) end()
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('takes further caches, and leaves out those that have ended', async () => {
    const registry = new Registry()
    const [users, carts] = [new MemoryCache({ name: 'users' }), new MemoryCache({ name: 'carts' })]
    const endUsers = register(users, { registry })
    const endCarts = register([carts, users], { registry })
    const sizes = async (): Promise<readonly (number | undefined)[]> => {
      const { value } = parse(`${await registry.metrics()}\n`)
      return ['users', 'carts'].map((cache) => value('cache_size', { cache }))
    }

    expect(await sizes()).toEqual([0, 0])
    endUsers()
    endUsers()
    expect(await sizes()).toEqual([0, 0])
    endCarts()
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('works again after the registry was cleared', async () => {
    const registry = new Registry()
    const cache = new MemoryCache({ name: 'users' })
    register(cache, { registry })
    registry.clear()
    register(cache, { registry })

    expect(parse(await registry.metrics()).value('cache_size', { cache: 'users' })).toBe(0)
  })

  it('adds up over the workers of a cluster', async () => {
    const pages = [1, 2].map(async (size) => {
      const registry = new Registry()
      const cache = new MemoryCache({ name: 'users' })
      register(cache, { registry })
      for (let index = 0; index < size; index++) await cache.getOrSet(String(index), () => index)
      return registry.getMetricsAsJSON()
    })
    const whole = AggregatorRegistry.aggregate(await Promise.all(pages))
    const { value } = parse(await whole.metrics())

    expect(value('cache_gets_total', MISSES)).toBe(3)
    expect(value('cache_size', { cache: 'users' })).toBe(3)
    expect(
      value('cache_load_duration_seconds_count', { cache: 'users', family: '(root)', result: 'success' }),
    ).toBe(3)
  })

  it('leaves a registry alone that has another metric of the name', () => {
    const registry = new Registry()
    const other = new Counter({ name: 'cache_gets_total', help: 'another', registers: [registry] })

    expect(() => register(new MemoryCache(), { registry })).toThrow('cache_gets_total')
    expect(registry.getMetricsAsArray()).toEqual([other])
  })

  it('leaves nothing in a registry that has another metric of a later name', () => {
    const registry = new Registry()
    const other = new Counter({ name: 'cache_errors_total', help: 'another', registers: [registry] })

    expect(() => register(new MemoryCache(), { registry })).toThrow('cache_errors_total')
    expect(registry.getMetricsAsArray()).toEqual([other])
  })

  it('refuses wrong arguments', () => {
    const cache = new MemoryCache()

    expect(() => register(cache, undefined as never)).toThrow(OptionsError)
    expect(() => register(cache, {} as never)).toThrow('has no registerMetric(), removeSingleMetric()')
    expect(() => register(cache, { registry: new Registry(), prefix: 'a' } as never)).toThrow('prefix')
    expect(() => register({} as never, { registry: new Registry() })).toThrow('is not a cache')
  })
})
