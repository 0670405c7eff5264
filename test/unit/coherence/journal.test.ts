import { expect, test } from 'vitest'
import { RecentInvalidations } from '../../../src/coherence/log/recent-invalidations.ts'
import type { Epoch } from '../../../src/core/remote/log.ts'
import { FakeClock } from '../../../src/testing/fake-clock.ts'

const BORN: Epoch = { ordinal: 5, random: 'r', birth: 5 }

test('a journal tells what was applied in its time, oldest first', async () => {
  const clock = new FakeClock()
  const journal = new RecentInvalidations(clock, 60_000, 10)
  journal.add({ kind: 'key', item: 'a', stamp: 's1', counter: 1 }, BORN)
  await clock.advance('40s')
  journal.add({ kind: 'tag', item: 'b', stamp: 's2', counter: 2 }, BORN)
  expect(journal.recent(BORN).map(({ item }) => item)).toEqual(['a', 'b'])
  await clock.advance('30s')
  expect(journal.recent(BORN).map(({ item }) => item)).toEqual(['b'])
  await clock.advance('40s')
  expect(journal.isEmpty).toBe(true)
})

test('it holds no more than its limit', () => {
  const journal = new RecentInvalidations(new FakeClock(), 60_000, 2)
  for (const [index, item] of ['a', 'b', 'c'].entries())
    journal.add({ kind: 'key', item, stamp: item, counter: index + 1 }, BORN)
  expect(journal.recent(BORN).map(({ item }) => item)).toEqual(['b', 'c'])
})

test('an entry and its replays are one: the first stamp, the last place, as young as the last', async () => {
  const clock = new FakeClock()
  const journal = new RecentInvalidations(clock, 60_000, 10)
  journal.add({ kind: 'key', item: 'a', stamp: 'first', counter: 7 }, BORN)
  await clock.advance('40s')
  journal.add({ kind: 'key', item: 'a', stamp: 'second', counter: 6, origin: 'first' }, BORN)
  await clock.advance('30s')
  expect(journal.recent(BORN)).toEqual([{ kind: 'key', item: 'a', stamp: 'first', counter: 6 }])
})

test('a flush is not repeated', () => {
  const journal = new RecentInvalidations(new FakeClock(), 60_000, 10)
  journal.add({ kind: 'flush', item: '', stamp: 's', counter: 1 }, BORN)
  expect(journal.isEmpty).toBe(true)
})

test('a log of a later birth cannot tell of an entry, one of its own or of an earlier birth can', () => {
  const journal = new RecentInvalidations(new FakeClock(), 60_000, 10)
  journal.add({ kind: 'key', item: 'a', stamp: 's', counter: 1 }, { ordinal: 6, random: 'x', birth: 5 })
  const items = (birth: number): readonly string[] =>
    journal.recent({ ordinal: 9, random: 'r', birth }).map(({ item }) => item)
  expect([items(4), items(5), items(6)]).toEqual([['a'], ['a'], []])
})
