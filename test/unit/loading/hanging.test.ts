import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { LoaderTimeoutError } from '../../../src/index.ts'
import { ENGINES } from './timelines/engines.ts'
import { StoreCache } from './timelines/stage.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { watched } from '../../system/schedules/world.ts'

const COUNT = 10_000

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

// Weakly, so that what the cache has forgotten is gone.
async function collected(refs: readonly WeakRef<object>[]): Promise<number> {
  for (let turn = 0; turn < 20; turn++) {
    gc()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
  return refs.filter((ref) => ref.deref() === undefined).length
}

describe.each(ENGINES)('10,000 loaders that never end before $name', ({ makeStore }) => {
  function watchedCache(options: object) {
    const clock = new FakeClock()
    const { store, problems } = watched(makeStore(clock))
    return { clock, problems, cache: new StoreCache(store, { clock, ...options }) }
  }

  it('leave no timer, lease, listener or turn behind, and answer every caller in time', async () => {
    const { clock, problems, cache } = watchedCache({ hardTimeout: 1, maxConcurrentLoads: COUNT })
    const contexts: WeakRef<object>[] = []
    let listeners = 0
    const callers = Array.from({ length: COUNT }, (_, index) =>
      cache.getOrSet(`k${index}`, async (context) => {
        contexts.push(new WeakRef(context))
        context.signal.addEventListener('abort', () => listeners++, { once: true })
        return new Promise<never>(() => undefined)
      }),
    )
    const answers = Promise.allSettled(callers)
    await clock.advance('999ms')
    expect(cache.stats().loadTimeouts).toBe(0)
    await clock.advance('1ms')
    const results = await answers
    await clock.advance('1s')

    expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    expect((results[0] as PromiseRejectedResult).reason).toBeInstanceOf(LoaderTimeoutError)
    expect(listeners).toBe(COUNT)
    expect(clock.pending).toBe(0)
    expect(problems()).toEqual([])
    expect(await cache.getOrSet('k0', () => 'works')).toBe('works')
    // Not held up by any of them.
    await cache.close()
    expect(await collected(contexts)).toBeGreaterThan(COUNT * 0.99)
  })

  it('are asked for again and again without piling up', async () => {
    const { clock, problems, cache } = watchedCache({ hardTimeout: 0.1, ttl: 1, grace: '1h' })
    await cache.set('k', 'stale')
    await clock.advance('1s')
    const got = new Set<unknown>()
    for (let call = 0; call < 1000; call++) {
      got.add(await cache.getOrSet('k', async () => new Promise<never>(() => undefined)))
      await clock.advance('100ms')
    }
    await clock.advance('2s')

    expect([...got]).toEqual(['stale'])
    expect(problems()).toEqual([])
    // The timer of the sweep.
    expect(clock.pending).toBeLessThanOrEqual(1)
  })
})
