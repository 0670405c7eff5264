// `waitUntil` is handed all work that goes on after an answer, and nothing else.
import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { MemoryCache, TieredCache, type GetOrSetOptions } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { deferred } from '../../support/deferred.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'

const GRACE = { ttl: '1m', grace: '1h' } as const

class Host {
  readonly works: Promise<unknown>[] = []
  readonly waitUntil = (work: Promise<unknown>): void => void this.works.push(work)

  /** Waits until all work that was handed over has ended. */
  async ended(): Promise<void> {
    for (const work of this.works) expect(await work).toBeUndefined()
  }
}

describe('waitUntil', () => {
  test.each([
    ['of the cache', (host: Host) => [{ waitUntil: host.waitUntil }, {}, {}]],
    ['of a namespace', (host: Host) => [{}, { waitUntil: host.waitUntil }, {}]],
    ['of a call', (host: Host) => [{}, {}, { waitUntil: host.waitUntil }]],
  ] as const)('%s gets a refresh, not a load that is waited for', async (_, optionsOf) => {
    const host = new Host()
    const clock = new FakeClock()
    const [ofCache = {}, ofNamespace = {}, ofCall = {}] = optionsOf(host)
    const cache = new MemoryCache({ clock, ...ofCache }).namespace('user', ofNamespace)
    const options: GetOrSetOptions = { ...GRACE, ...ofCall }
    expect(await cache.getOrSet('1', () => 'old', options)).toBe('old')
    expect(await cache.getOrSetMany(['2'], () => ({ 2: 'old' }), options)).toHaveProperty('size', 1)
    await clock.advance('2m')
    const handedBefore = host.works.length
    const load = deferred<string>()
    expect(await cache.getOrSet('1', () => load.promise, options)).toBe('old')
    expect(host.works.length).toBe(handedBefore + 1)
    load.resolve('new')
    await host.ended()
    expect(await cache.get('1')).toBe('new')
  })

  test('gets loads whose callers do not wait to the end', async () => {
    const host = new Host()
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, logger: new RecordingLogger(), waitUntil: host.waitUntil })
    await cache.set('soft', 'old', GRACE)
    await clock.advance('2m')
    const load = deferred<string>()
    const soft = cache.getOrSet('soft', () => load.promise, { ...GRACE, softTimeout: '1s' })
    await clock.advance('1s')
    expect(await soft).toBe('old')
    const hard = cache.getOrSet('hard', () => load.promise, { hardTimeout: '1s' })
    await Promise.all([clock.advance('1s'), expect(hard).rejects.toThrow('hardTimeout')])
    const controller = new AbortController()
    const left = cache.getOrSet('left', () => load.promise, { signal: controller.signal })
    controller.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    expect(host.works).toHaveLength(3)
    load.resolve('new')
    await host.ended()
    expect(await cache.getMany(['soft', 'hard', 'left'])).toEqual(
      new Map([
        ['soft', 'new'],
        ['hard', 'new'],
        ['left', 'new'],
      ]),
    )
  })

  test('gets no rejection, and is called in the context of the caller', async () => {
    const requests = new AsyncLocalStorage<string>()
    const host = new Host()
    const seen: unknown[] = []
    const clock = new FakeClock()
    const waitUntil = (work: Promise<unknown>): void => {
      seen.push(requests.getStore())
      host.waitUntil(work)
    }
    const cache = new MemoryCache({ clock, logger: new RecordingLogger(), waitUntil })
    await cache.set('key', 'old', GRACE)
    await clock.advance('2m')
    const failing = async (): Promise<string> => Promise.reject(new Error('no'))
    expect(await requests.run('request 7', async () => cache.getOrSet('key', failing, GRACE))).toBe('old')
    expect(seen).toEqual(['request 7'])
    await host.ended()
  })

  test('may fail without harm', async () => {
    const hosts: readonly (() => unknown)[] = [
      () => {
        throw new Error('outside of a request')
      },
      async () => Promise.reject(new Error('outside of a request')),
    ]
    for (const waitUntil of hosts) {
      const logger = new RecordingLogger()
      const clock = new FakeClock()
      const cache = new MemoryCache({ clock, logger, waitUntil })
      await cache.set('key', 'old', GRACE)
      await clock.advance('2m')
      expect(await cache.getOrSet('key', () => 'new', GRACE)).toBe('old')
      await clock.advance('1s')
      expect(await cache.get('key')).toBe('new')
      expect(logger.lines).toMatchObject([{ level: 'warn', message: 'waitUntil has failed' }])
    }
    expect(() => new MemoryCache({ waitUntil: 5 as never })).toThrow('waitUntil: 5 is not a function')
  })

  test('gets the next repetition of what a server has not acknowledged', async () => {
    const host = new Host()
    const clock = new FakeClock()
    const fleet = new InstantFleet(clock)
    const l2 = fleet.sharedCache({ clock })
    const logger = new RecordingLogger()
    const { waitUntil } = host
    const cache = new TieredCache({ clock, logger, l1: {}, l2, bus: fleet.bus, waitUntil })
    await cache.set('key', 'old', { tags: ['t'] })
    expect(host.works).toHaveLength(0)
    for (const queue of [() => cache.invalidate('key'), () => cache.invalidateTag('t')]) {
      fleet.isAway = true
      expect(await queue()).toMatchObject({ l2: 'queued' })
      await cache.invalidate('other')
      expect(host.works).toHaveLength(1)
      fleet.isAway = false
      await clock.advance('2s')
      await host.ended()
      const { keys, tags } = cache.stats().outbox!
      expect({ keys, tags }).toEqual({ keys: 0, tags: 0 })
      host.works.length = 0
    }
    fleet.isAway = true
    await cache.invalidate('key')
    await cache.close()
    await host.ended()
  })
})
