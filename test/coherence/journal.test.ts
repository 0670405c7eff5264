import { expect, test } from 'vitest'
import { Journal } from '../../src/coherence/journal.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

test('a journal tells what was applied of late, oldest first', async () => {
  const clock = new FakeClock()
  const journal = new Journal(clock, 60_000, 10)
  journal.add({ kind: 'key', item: 'a', stamp: 's1' })
  await clock.advance('40s')
  journal.add({ kind: 'prefix', item: 'b', stamp: 's2' })
  expect(journal.recent().map(({ item }) => item)).toEqual(['a', 'b'])
  await clock.advance('30s')
  expect(journal.recent().map(({ item }) => item)).toEqual(['b'])
})

test('it holds no more than its limit', () => {
  const journal = new Journal(new FakeClock(), 60_000, 2)
  for (const item of ['a', 'b', 'c']) journal.add({ kind: 'key', item, stamp: item })
  expect(journal.recent().map(({ item }) => item)).toEqual(['b', 'c'])
})

test('an entry and its replays are one, under the first stamp and as young as the last', async () => {
  const clock = new FakeClock()
  const journal = new Journal(clock, 60_000, 10)
  journal.add({ kind: 'key', item: 'a', stamp: 'first' })
  await clock.advance('40s')
  journal.add({ kind: 'key', item: 'a', stamp: 'second', origin: 'first' })
  await clock.advance('30s')
  expect(journal.recent()).toEqual([{ kind: 'key', item: 'a', stamp: 'first' }])
})
