// Keys of one call that other processes are loading. A value is given when it is found, however long the others take.
import { expect, it } from 'vitest'
import { BaseCache, storeFrom } from 'cachette'
import { FakeClock } from 'cachette/testing'
import type { Acquired, Lease, Store } from '../../../src/core/store.ts'
import type { Primitives } from '../../../src/in-process/primitives.ts'
import { mapPrimitives } from '../../support/own-cache.ts'

/** A cache of a process beside others. They load the keys in `busy`. */
class OneOfMany extends BaseCache {
  constructor(primitives: Primitives, clock: FakeClock, busy: ReadonlySet<string>) {
    const store = storeFrom(primitives, { clock })
    const acquire = async (leases: readonly Lease[], options: never): Promise<readonly Acquired[]> => {
      const free = leases.filter(({ key }) => !busy.has(key))
      const found = await store.read(free.map(({ key }) => key))
      const missing = free.filter(({ key }) => !found.has(key))
      const answers = missing.length === 0 ? [] : await store.acquire(missing, options)
      return leases.map((lease) => found.get(lease.key) ?? answers[missing.indexOf(lease)] ?? 'busy')
    }
    super(
      new Proxy<Store>(store, {
        get(target, name) {
          const value: unknown = name === 'acquire' ? acquire : Reflect.get(target, name, target)
          return typeof value === 'function' && name !== 'acquire' ? (value.bind(target) as unknown) : value
        },
      }),
      { clock },
    )
  }
}

it('gives the value of a key to other callers before the rest of its batch is there', async () => {
  const clock = new FakeClock()
  const busy = new Set(['quick', 'slow'])
  const primitives = mapPrimitives()
  const cache = new OneOfMany(primitives, clock, busy)
  const other = new OneOfMany(primitives, clock, new Set())
  const both = cache.getOrSetMany(['quick', 'slow'], () => ({ quick: 'own', slow: 'own' }), { ttl: '1h' })
  await clock.advance('50ms')
  await other.set('quick', 'found', { ttl: '500ms' })
  busy.delete('quick')
  await clock.advance('450ms')
  // Its ttl is over. A caller that comes now must not get it.
  await clock.advance('500ms')
  const late = cache.getOrSet('quick', () => 'anew', { ttl: '1h' })
  await clock.advance('100ms')
  busy.delete('slow')
  await clock.advance('10s')
  expect(await late).toBe('anew')
  expect([...(await both)]).toEqual([
    ['quick', 'found'],
    ['slow', 'own'],
  ])
})
