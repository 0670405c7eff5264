import { describe, expect, test } from 'vitest'
import { MemoryCache, type LoadContext } from 'cachette'
import { loadContext } from 'cachette/memoize'
import { FakeClock } from 'cachette/testing'
import { createAuditor, type AuditOptions, type Auditor, type WrongKey } from '../../../src/audit/index.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

interface Stage {
  readonly clock: FakeClock
  readonly cache: MemoryCache
  readonly auditor: Auditor
  readonly rows: Map<string, unknown>
  readonly contexts: LoadContext[]
  read(key: string): Promise<unknown>
}

function stage(options: AuditOptions = {}): Stage {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, ttl: '1h', random: new SeededRandom(1).next })
  const rows = new Map<string, unknown>()
  const contexts: LoadContext[] = []
  const read = async (key: string): Promise<unknown> =>
    cache.getOrSet(key, async (context) => {
      contexts.push(context)
      return rows.get(key)
    })
  const auditor = createAuditor(cache, { rate: Infinity, showKeys: true, ...options })
  return { clock, cache, auditor, rows, contexts, read }
}

describe('the auditor', () => {
  test('finds a value that the writer forgot to invalidate, and says so in a sentence', async () => {
    const { auditor, cache, clock, read, rows } = stage()
    const told: WrongKey[] = []
    auditor.on('wrong', (wrong) => told.push(wrong))
    rows.set('user:7', { name: 'Ada' })
    await read('user:7')
    rows.set('user:7', { name: 'Grace' })
    await read('user:7')
    await clock.advance('2s')
    expect(auditor.report()).toMatchObject({ samples: 1, wrong: 1, same: 0, late: 0, unknown: 0 })
    expect(told).toMatchObject([
      { key: 'user:7', family: 'user:{id}', cause: 'not-invalidated', tier: 'l1', wrongFor: 1 },
    ])
    expect(told[0]!.sentence).toBe(
      'user:{id} (user:7): never invalidated: the source has had another value for at least 1.0 s, and no invalidation of the key or its tags is known; the writer forgot to invalidate it',
    )
    // The check has stored nothing.
    expect(await cache.get('user:7')).toEqual({ name: 'Ada' })
    await cache.close()
  })

  test('finds nothing if the writer invalidates, and tells how late that was', async () => {
    const { auditor, cache, clock, read, rows } = stage()
    rows.set('user:7', 1)
    await read('user:7')
    await read('user:7')
    rows.set('user:7', 2)
    await read('user:7')
    await clock.advance({ milliseconds: 300 })
    await cache.invalidate('user:7')
    await clock.advance('2s')
    const { same, late, wrong, latestMs } = auditor.report()
    expect({ same, late, wrong, latestMs }).toEqual({ same: 1, late: 1, wrong: 0, latestMs: 500 })
    await cache.close()
  })

  test('calls the loader beside the pipeline, with a context that says so', async () => {
    const { auditor, cache, clock, read, rows, contexts } = stage()
    rows.set('a', 1)
    await read('a')
    const { loads, hits } = cache.stats()
    await read('a')
    await clock.advance('1s')
    expect(contexts.map(({ audit }) => audit)).toEqual([false, true])
    expect(contexts[1]).toMatchObject({ key: 'a', stale: undefined })
    expect(contexts[1]!.signal).toBeInstanceOf(AbortSignal)
    expect(cache.stats()).toMatchObject({ loads, hits: hits + 1 })
    expect(auditor.report()).toMatchObject({ samples: 1, same: 1, loads: 1 })
    await cache.close()
  })

  test('follows a wrong value, and counts it at each time at which it is still served', async () => {
    const { auditor, cache, clock, read, rows } = stage()
    rows.set('a', 1)
    await read('a')
    rows.set('a', 2)
    await read('a')
    await clock.advance('20s')
    await cache.delete('a')
    await clock.advance('2h')
    const shown = auditor.report().scales.map(({ scale, samples, wrong }) => [scale, samples, wrong])
    expect(shown).toEqual([
      ['bound', 1, 1],
      ['10s', 1, 1],
      ['60s', 1, 0],
      ['ttl', 1, 0],
    ])
    expect(auditor.report().pending).toBe(0)
    await cache.close()
  })

  test('finds a row that was deleted, and an old value that was set after the invalidation', async () => {
    const { auditor, cache, clock, read, rows } = stage()
    rows.set('gone', 1)
    rows.set('set', 1)
    await read('gone')
    await read('set')
    rows.delete('gone')
    rows.set('set', 2)
    await read('gone')
    await read('set')
    await clock.advance({ milliseconds: 10 })
    await cache.set('set', 1)
    await clock.advance('5s')
    const causes = auditor.report().wrongKeys.map(({ key, cause, changes }) => [key, cause, changes.length])
    expect(causes).toEqual([
      ['gone', 'not-invalidated', 0],
      ['set', 'stored-again', 1],
    ])
    await cache.close()
  })

  test('leaves a family out whose source answers differently each time', async () => {
    const { auditor, cache, clock } = stage()
    const left: unknown[] = []
    auditor.on('leftOut', ({ family }) => left.push(family))
    let count = 0
    const next = async (): Promise<unknown> => cache.getOrSet('count:1', () => ++count)
    for (let read = 0; read < 6; read++) {
      await next()
      await clock.advance('5s')
    }
    expect(auditor.report()).toMatchObject({ wrong: 0, incomparable: 3 })
    expect(auditor.report().families).toMatchObject([{ family: 'count:{id}', isLeftOut: true }])
    expect(left).toEqual(['count:{id}'])
    await cache.close()
  })

  test('looks only at the part that is selected, and at the families that are chosen', async () => {
    const { auditor, cache, clock } = stage({
      select: (value) => (value as { readonly name: string }).name,
      families: (family) => family !== 'other:{id}',
    })
    let at = 0
    for (const key of ['user:1', 'user:1', 'other:1', 'other:1'])
      await cache.getOrSet(key, () => ({ name: 'Ada', at: ++at }))
    await clock.advance('5s')
    expect(auditor.report()).toMatchObject({ samples: 1, same: 1, loads: 1 })
    await cache.close()
  })

  test('checks wrapped functions, several keys and entries with grace, and no stale value', async () => {
    const { auditor, cache, clock } = stage()
    const audits: unknown[] = []
    const find = cache.wrap(
      (id: number) => {
        audits.push(loadContext()?.audit)
        return id
      },
      { name: 'find' },
    )
    await find(7)
    await find(7)
    const many = async (): Promise<unknown> =>
      cache.getOrSetMany(['a:1', 'a:2'], (keys, { audit }) => {
        audits.push(audit)
        return new Map(keys.map((key) => [key, 1]))
      })
    await many()
    await many()
    const page = async (): Promise<unknown> => cache.getOrSet('page', () => 1, { ttl: '1m', grace: '1h' })
    await page()
    await page()
    await clock.advance('2m')
    await page()
    await clock.advance('5s')
    // `a:1` and `a:2` were loaded together, and are checked one by one.
    expect([audits.filter((audit) => audit === true).length, audits.length]).toEqual([3, 5])
    const families = auditor.report().families.map(({ family, same }) => [family, same])
    expect(families).toEqual([
      ['find', 1],
      ['a:{id}', 2],
      ['{key}', 1],
    ])
    await cache.close()
  })

  test('hashes keys, unless they may be shown', async () => {
    const { auditor, cache, clock, read, rows } = stage({ showKeys: false })
    rows.set('user:7', 1)
    await read('user:7')
    rows.set('user:7', 2)
    await read('user:7')
    await clock.advance('5s')
    const [wrong] = auditor.report().wrongKeys
    expect(JSON.stringify(wrong)).not.toContain('user:7')
    expect(wrong!.key).toMatch(/^[0-9a-f]{12}$/)
    await cache.close()
  })

  test('counts nothing if the loader fails, takes too long, or does not want its answer stored', async () => {
    const { auditor, cache, clock } = stage()
    const load =
      (answer: (context: LoadContext) => unknown) =>
      (context: LoadContext): unknown =>
        context.audit ? answer(context) : 1
    const loaders = [
      load(() => Promise.reject(new Error('away'))),
      load(async () => new Promise(() => undefined)),
      load(({ doNotStore }) => {
        doNotStore()
        return 2
      }),
      load(({ setTtl }) => {
        setTtl(0)
        return 2
      }),
    ]
    for (const [index, loader] of loaders.entries()) {
      await cache.getOrSet(`k${index}`, loader)
      await cache.getOrSet(`k${index}`, loader)
    }
    await clock.advance('1m')
    expect(auditor.report()).toMatchObject({ samples: 0, unknown: 4, incomparable: 0, pending: 0 })
    await cache.close()
  })

  test('rests where loads have to wait, and outside of the namespace that it was made for', async () => {
    const clock = new FakeClock()
    const cache = new MemoryCache({ clock, maxConcurrentLoads: 1 })
    const auditor = createAuditor(cache.namespace('shop'), { rate: Infinity })
    await cache.getOrSet('a', () => 1)
    await cache.getOrSet('a', () => 1)
    const shop = cache.namespace('shop')
    await shop.getOrSet('a', () => 1)
    const hanging = cache.getOrSet('b', async () => new Promise(() => undefined))
    const ended = expect(hanging).rejects.toThrow('closed')
    await clock.advance('1s')
    await shop.getOrSet('a', () => 1)
    await clock.advance('1s')
    expect(auditor.report()).toMatchObject({ loads: 0, pending: 0 })
    const closing = cache.close()
    await clock.advance('10s')
    await closing
    await ended
  })

  test('ends with the cache, without a timer, and makes room for another one', async () => {
    const { auditor, cache, clock, read, rows } = stage()
    expect(() => createAuditor(cache)).toThrow('the cache has an auditor')
    rows.set('a', 1)
    await read('a')
    rows.set('a', 2)
    await read('a')
    await clock.advance({ milliseconds: 1 })
    const { pending } = clock
    auditor.close()
    expect(clock.pending).toBe(pending - 1)
    await clock.advance('5s')
    expect(auditor.report()).toMatchObject({ samples: 0, unknown: 1, pending: 0 })
    const other = createAuditor(cache, { rate: Infinity })
    await read('a')
    await clock.advance({ milliseconds: 1 })
    await cache.close()
    await clock.advance('5s')
    expect(other.report()).toMatchObject({ wrong: 0, pending: 0 })
    expect(clock.pending).toBe(0)
  })
})
