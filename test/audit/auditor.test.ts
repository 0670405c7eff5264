import { describe, expect, test } from 'vitest'
import { MemoryCache, type LoadContext } from 'cachette'
import { FakeClock } from 'cachette/testing'
import { createAuditor, type AuditOptions, type Auditor, type WrongKey } from '../../src/audit/index.ts'
import { SeededRandom } from '../../src/testing/random.ts'

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
})
