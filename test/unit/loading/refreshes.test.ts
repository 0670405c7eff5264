// Loads in the background, which no caller waits for.
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { MemoryCache, silentLogger, type BaseCache } from 'cachette'
import { FakeClock } from '../../../src/testing/index.ts'
import { settle } from '../../support/deferred.ts'

const OPTIONS = { ttl: 10, grace: '1h', loadErrorTtl: 30 } as const

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settle()
}

/** Returns a cache that keeps a stale value 1 under each key. */
async function withStale(keys: readonly string[], clock: FakeClock): Promise<BaseCache> {
  const cache = new MemoryCache({ clock, logger: silentLogger })
  for (const key of keys) await cache.set(key, 1, { ttl: 10, grace: '1h' })
  await clock.advance(10)
  return cache
}

it('are not tried for a key that rests, and are for others', async () => {
  const clock = new FakeClock()
  const cache = await withStale(['rests', 'other'], clock)
  let failures = 0
  const fail = async (): Promise<never> => {
    failures++
    throw new Error('down')
  }
  for (let call = 0; call < 3; call++) {
    expect(await cache.getOrSet('rests', fail, OPTIONS)).toBe(1)
    await turns()
  }
  expect(await cache.getOrSet('other', () => 2, OPTIONS)).toBe(1)
  await turns()

  expect(failures).toBe(1)
  expect(await cache.get('other')).toBe(2)
  expect(cache.stats()).toMatchObject({ refreshes: 3, staleServed: { refreshing: 3, cooldown: 1 } })
})

it('see nothing of the request in which their cache was made', async () => {
  const requests = new AsyncLocalStorage<string>()
  const clock = new FakeClock()
  const cache = await requests.run('first', () => withStale(['k'], clock))
  const seen: (string | undefined)[] = []
  const load = async (): Promise<number> => seen.push(requests.getStore())
  await requests.run('second', () => cache.getOrSet('k', load, OPTIONS))
  await turns()
  expect(seen).toEqual([undefined])
})

it('are over after hardTimeout, which counts from the read', async () => {
  const clock = new FakeClock()
  const cache = await withStale(['k'], clock)
  const options = { ttl: 10, grace: '1h', hardTimeout: 2 } as const
  let signal: AbortSignal | undefined
  const hang = async (context: { readonly signal: AbortSignal }): Promise<number> => {
    ;({ signal } = context)
    return new Promise(() => undefined)
  }
  expect(await cache.getOrSet('k', hang, options)).toBe(1)
  await turns()
  await clock.advance(1.9)
  expect(cache.stats().loadTimeouts).toBe(0)
  expect(signal!.aborted).toBe(false)
  await clock.advance(0.1)

  expect(cache.stats().loadTimeouts).toBe(1)
  expect(signal!.aborted).toBe(true)
})
