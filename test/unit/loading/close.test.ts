import { expect, it } from 'vitest'
import { failureOf } from '../../support/error-of.ts'
import { deferred } from '../../support/deferred.ts'
import { until } from '../../support/until.ts'
import { onEveryEngine } from '../../support/every-engine.ts'

onEveryEngine('close', ({ make }) => {
  it('lets loads under way end, and their loaders use the cache', async () => {
    const cache = await make()
    const users = cache.namespace('user')
    await cache.set('other', 'there')
    const gate = deferred()
    const loading = cache.getOrSet('k', async () => {
      await gate.promise
      const nested = await users.getOrSet('7', async () => 'nested')
      await cache.set('written', 1)
      return `${await cache.get<string>('other')} ${nested}`
    })
    const closing = cache.close()
    expect(await failureOf(() => cache.get('other'))).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
    expect(await failureOf(() => users.set('7', 1))).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
    gate.resolve()
    expect(await loading).toBe('there nested')
    await closing
  })

  it('gives up what has not ended in time: its callers, one and all, get ClosedError', async () => {
    const cache = await make({ closeTimeout: 0.05, maxConcurrentLoads: 2 })
    const signals: AbortSignal[] = []
    const hang = async ({ signal }: { signal: AbortSignal }): Promise<string> => {
      signals.push(signal)
      return new Promise(() => undefined)
    }
    const calls = [
      cache.getOrSet('k', hang),
      cache.getOrSet('k', hang),
      cache.getOrSetMany(['a', 'b'], (async () => new Promise(() => undefined)) as never),
      cache.getOrSet('queued', hang),
    ]
    const failures = Promise.all(calls.map((call) => failureOf(() => call)))
    await until('the loads to run', () => signals.length > 0)
    await cache.close()
    for (const failure of await failures) expect(failure).toMatchObject({ code: 'ERR_CACHE_CLOSED' })
    expect(signals.every(({ aborted }) => aborted)).toBe(true)
  })

  it('refuses what is no time', async () => {
    for (const closeTimeout of [0, -1, NaN, new Date(), Infinity])
      expect(await failureOf(async () => make({ closeTimeout }))).toMatchObject({
        code: 'ERR_CACHE_OPTIONS',
        message: expect.stringContaining('closeTimeout'),
      })
  })
})
