import { describe, expect, it } from 'vitest'
import type { Op } from '../../../src/core/store.ts'
import { CallPlaces } from '../../../src/coherence/order/call-places.ts'
import { Outbox } from '../../../src/coherence/queues/outbox.ts'
import { Suspects } from '../../../src/coherence/queues/suspects.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

const BITS = 2 ** 14
/** The room of a filter: each item sets four bits, of which a tenth may be set. */
const ROOM = (0.1 * BITS) / 4

function empty(bits = BITS, limit = 100): Suspects {
  return new Suspects(bits, limit, new SeededRandom(1).next)
}

/** Adds items of a partition until there is no room; those that were added. */
function fill(suspects: Suspects): readonly string[] {
  const added: string[] = []
  for (let index = 0; index < BITS; index++) {
    const item = `k${index}`
    if (suspects.add(item, '0', 0)) added.push(item)
  }
  return added
}

describe('suspects', () => {
  it('know every item that was added', () => {
    const suspects = empty()
    const added = fill(suspects)

    expect(added.filter((item) => !suspects.has(item, '0'))).toEqual([])
  })

  it('refuse what would set more than a tenth of the bits, and know strangers from members until then', () => {
    const suspects = empty()
    const added = fill(suspects)
    const strangers = Array.from({ length: 20_000 }, (_, index) => `s${index}`)

    // A few that were never added are members by mistake, or share bits with others.
    expect(added.length).toBeGreaterThanOrEqual(Math.floor(ROOM))
    expect(added.length).toBeLessThan(1.2 * ROOM)
    expect(suspects.has(`k${BITS - 1}`, '0')).toBe(false)
    expect(strangers.filter((item) => suspects.has(item, '0')).length).toBeLessThan(20)
  })

  it('are those of partitions that were not swept', () => {
    const suspects = empty()
    suspects.add('a', '0', 0)
    suspects.add('b', '1', 0)
    expect(suspects.has('a', '2')).toBe(false)

    suspects.swept(['0'], suspects.version)
    expect([suspects.has('a', '0'), suspects.has('b', '1')]).toEqual([false, true])
    expect(suspects.owed).toEqual(['1'])

    suspects.swept(['1'], suspects.version)
    expect(suspects.isEmpty).toBe(true)
  })

  it('stay when something was added since the sweep began', () => {
    const suspects = empty()
    suspects.add('a', '0', 0)
    const { version } = suspects
    suspects.add('b', '0', 0)
    suspects.swept(['0'], version)

    expect([suspects.has('a', '0'), suspects.has('b', '0')]).toEqual([true, true])
  })

  it('are cleared one by one by what was sent after they were added, up to a limit', () => {
    const suspects = empty(BITS, 1)
    for (const item of ['a', 'b']) suspects.add(item, '0', 5)
    suspects.clear('a', '0', 5)
    expect(suspects.has('a', '0')).toBe(true)

    for (const item of ['a', 'b']) suspects.clear(item, '0', 6)
    expect([suspects.has('a', '0'), suspects.has('b', '0')]).toEqual([false, true])

    suspects.add('a', '0', 7)
    expect(suspects.has('a', '0')).toBe(true)
  })

  it('are forgotten, and no more are added, when the server refuses sweeps', () => {
    const suspects = empty()
    for (const item of ['a', 'b']) suspects.add(item, '0', 0)

    expect(suspects.refuse()).toBe(2)
    expect(suspects.has('a', '0')).toBe(false)
    expect(suspects.add('c', '0', 0)).toBe(false)
  })
})

describe('an outbox without room', () => {
  /** An outbox with room for one suspect. */
  function small(limit: number, bits = 64): { readonly outbox: Outbox; readonly dropped: () => number } {
    let dropped = 0
    const outbox = new Outbox({
      limit,
      places: new CallPlaces(),
      suspects: empty(bits),
      partitionOf: () => '0',
      queued: () => undefined,
      dropped: () => void dropped++,
    })
    return { outbox, dropped: () => dropped }
  }

  it('holds back what it lists and what is suspect, and says when it drops an invalidation', () => {
    const { outbox, dropped } = small(1)
    expect([outbox.add('a', {}, 1), outbox.add('b', {}, 2)]).toEqual([true, true])
    expect([outbox.has('a'), outbox.has('b'), dropped()]).toEqual([true, true, 0])

    outbox.add('c', {}, 3)
    expect(dropped()).toBe(1)
    expect(['a', 'b', 'c'].filter((key) => outbox.has(key))).toHaveLength(2)
  })

  it('lets a set that failed give way to an invalidation', () => {
    const { outbox } = small(2)
    outbox.add('a', {}, 1)
    outbox.add('b', { isFailedSet: true }, 2)
    outbox.add('c', {}, 3)

    expect(['a', 'b', 'c'].map((key) => outbox.current(key)?.key)).toEqual(['a', undefined, 'c'])
    expect(outbox.isSuspect('b')).toBe(true)
  })

  it('keeps what a call under way may make up for, so that its answer counts', () => {
    const { outbox } = small(2, 1024)
    const set = { kind: 'set', key: 'a', stored: '1', ttlMs: 1, rowVersion: 5n } as unknown as Op
    outbox.add('a', { rowVersion: 4n, isFailedSet: true }, 1)
    outbox.add('b', {}, 2)
    outbox.current('a')!.claims++
    outbox.add('c', {}, 3)
    expect(['a', 'b', 'c'].map((key) => outbox.isSuspect(key))).toEqual([false, true, false])

    outbox.current('c')!.claims++
    outbox.add('d', {}, 4)
    expect(outbox.isSuspect('d')).toBe(true)
    outbox.acknowledge(set, 5)
    expect([outbox.has('a'), outbox.has('b'), outbox.has('c'), outbox.has('d')]).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  it('lists what was queued last, the oldest failed set first to go', () => {
    const { outbox } = small(2, 1024)
    const listed = (): readonly string[] =>
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter((key) => outbox.current(key))
    const sets = new Set(['b', 'd', 'e'])
    const seen: (readonly string[])[] = []
    for (const [index, key] of ['a', 'b', 'c', 'd', 'e', 'f', 'g'].entries()) {
      outbox.add(key, { isFailedSet: sets.has(key) }, index)
      seen.push(listed())
    }
    expect(seen.slice(2)).toEqual([
      ['a', 'c'],
      ['c', 'd'],
      ['c', 'e'],
      ['c', 'f'],
      ['f', 'g'],
    ])
  })
})
