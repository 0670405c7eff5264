import { describe, expect, it } from 'vitest'
import { MemoryCache, silentLogger, type BaseCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { deferred, settle } from '../../support/deferred.ts'
import { mapPrimitives, OwnCache } from '../../support/own-cache.ts'

const options = { clock: new FakeClock(), logger: silentLogger }
const ENGINES: Readonly<Record<string, () => BaseCache>> = {
  MemoryCache: () => new MemoryCache(options),
  'a cache over storeFrom': () => new OwnCache(mapPrimitives(), options),
  'a cache over slow primitives': () => new OwnCache(mapPrimitives(true), options),
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settle()
}

/** A load of `user:1` that has read version 1 of the row and has not answered yet. */
async function beginLoad(cache: BaseCache, many: boolean) {
  const gate = deferred()
  const begun = deferred()
  const load = async (): Promise<string> => {
    begun.resolve()
    await gate.promise
    return 'version 1'
  }
  const early = many
    ? cache
        .getOrSetMany(['user:1'], async () => ({ 'user:1': await load() }))
        .then((found) => found.get('user:1'))
    : cache.getOrSet('user:1', load)
  await begun.promise
  return { early, finish: gate.resolve }
}

/** The changes that void a load of `user:1`, and the value of the key afterwards. */
const VOIDING: readonly (readonly [
  what: string,
  change: (cache: BaseCache) => Promise<unknown>,
  after: unknown,
])[] = [
  ['set', (cache) => cache.set('user:1', 'version 2'), 'version 2'],
  ['setMany', (cache) => cache.setMany({ 'user:1': 'version 2' }), 'version 2'],
  ['a set of what can not be stored', (cache) => cache.set('user:1', Symbol('s')), undefined],
  ['a set that has expired already', (cache) => cache.set('user:1', 'version 2', new Date(0)), undefined],
  ['delete', (cache) => cache.delete('user:1'), undefined],
  ['deleteMany', (cache) => cache.deleteMany(['other', 'user:1']), undefined],
  ['take', (cache) => cache.take('user:1'), undefined],
  ['increment', (cache) => cache.increment('user:1'), 1],
  ['decrement', (cache) => cache.decrement('user:1'), -1],
  ['clear', (cache) => cache.clear(), undefined],
  [
    'clear of its physical namespace',
    (cache) => cache.namespace('user', { mode: 'physical' }).clear(),
    undefined,
  ],
  ['delete in its namespace', (cache) => cache.namespace('user').delete('1'), undefined],
  ['deleteByPrefix', (cache) => cache.deleteByPrefix('user:'), undefined],
]

/** The changes that have nothing to do with `user:1`. */
const HARMLESS: readonly (readonly [what: string, change: (cache: BaseCache) => Promise<unknown>])[] = [
  ['a write of another key', (cache) => cache.set('user:2', 1)],
  ['a deletion of another key', (cache) => cache.delete('user:')],
  ['deleteByPrefix of other keys', (cache) => cache.deleteByPrefix('user:10')],
  ['clear of another namespace', (cache) => cache.namespace('use').clear()],
  ['a read', (cache) => cache.get('user:1')],
  ['ttl', (cache) => cache.ttl('user:1')],
  ['expire of what is not there', (cache) => cache.expire('user:1', '5m')],
]

describe.each(Object.entries(ENGINES))('the lease rule in %s', (_, make) => {
  describe.each([
    ['getOrSet', false],
    ['getOrSetMany', true],
  ])('for a load by %s', (_method, many) => {
    it.each(VOIDING)('refuses the fill after %s', async (_what, change, after) => {
      const cache = make()
      const { early, finish } = await beginLoad(cache, many)
      await change(cache)
      finish()

      expect(await early).toBe('version 1')
      await turns(5)
      expect(await cache.get('user:1')).toBe(after)
      expect(cache.stats().refusedFills).toBe(1)
    })

    it.each(HARMLESS)('accepts the fill after %s', async (_what, change) => {
      const cache = make()
      const { early, finish } = await beginLoad(cache, many)
      await change(cache)
      finish()
      await early

      expect(await cache.get('user:1')).toBe('version 1')
      expect(cache.stats().refusedFills).toBe(0)
    })
  })

  it.each(VOIDING)('lets nobody join the old load after %s', async (_what, change, after) => {
    const cache = make()
    const { early, finish } = await beginLoad(cache, false)
    await change(cache)
    const late = cache.getOrSet('user:1', () => 'version 3')

    expect(await late).toBe(after ?? 'version 3')
    finish()
    expect(await early).toBe('version 1')
    await turns(5)
    expect(await cache.get('user:1')).toBe(after ?? 'version 3')
  })

  it('lets those who come after the change share one load of their own', async () => {
    const cache = make()
    const { early, finish } = await beginLoad(cache, false)
    await cache.delete('user:1')
    let calls = 0
    const gate = deferred()
    const load = async (): Promise<string> => {
      calls++
      await gate.promise
      return 'version 2'
    }
    const late = Array.from({ length: 10 }, async () => cache.getOrSet('user:1', load))
    await turns(5)
    // The old load ends in between: it must not take the new one with it.
    finish()
    await early
    await turns(5)
    const latest = cache.getOrSet('user:1', load)
    await turns(5)
    gate.resolve()

    expect(await Promise.all([...late, latest])).toEqual(Array.from({ length: 11 }, () => 'version 2'))
    expect(calls).toBe(1)
    expect(await cache.get('user:1')).toBe('version 2')
  })

  it('voids the new load, too, when the key changes again', async () => {
    const cache = make()
    const first = await beginLoad(cache, false)
    await cache.delete('user:1')
    const second = await beginLoad(cache, false)
    await cache.delete('user:1')
    first.finish()
    second.finish()
    await Promise.all([first.early, second.early])
    await turns(5)

    expect(await cache.has('user:1')).toBe(false)
    expect(cache.stats().refusedFills).toBe(2)
  })

  it('counts even when the load ends before the change is acknowledged', async () => {
    const cache = make()
    const { early, finish } = await beginLoad(cache, false)
    const removed = cache.delete('user:1')
    finish()
    await Promise.all([early, removed])
    await turns(5)

    expect(await cache.has('user:1')).toBe(false)
  })

  it('leaves no trace of loads that have ended', async () => {
    const cache = make()
    for (let round = 0; round < 3; round++) {
      const { early, finish } = await beginLoad(cache, false)
      await cache.delete('user:1')
      finish()
      await early
    }
    await cache.getOrSet('user:1', () => 'version 2')

    expect(await cache.get('user:1')).toBe('version 2')
  })
})

describe.each([
  ['deleteByPrefix', async (cache: BaseCache) => cache.deleteByPrefix('user:')],
  ['clear', async (cache: BaseCache) => cache.clear()],
  ['delete', async (cache: BaseCache) => cache.delete('user:1')],
])('%s', (_, remove) => {
  it('removes what an accepted fill is still writing', async () => {
    const primitives = mapPrimitives()
    const gate = deferred()
    const writing = deferred()
    const cache: BaseCache = new OwnCache({
      ...primitives,
      write: async (key, slot) => {
        writing.resolve()
        await gate.promise
        return primitives.write(key, slot)
      },
    })
    const load = cache.getOrSet('user:1', () => 'version 1')
    await writing.promise
    const removed = remove(cache)
    await turns(5)
    gate.resolve()
    await Promise.all([load, removed])

    expect(await cache.has('user:1')).toBe(false)
  })
})
