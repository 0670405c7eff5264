import { expect, test } from 'vitest'
import { namedHistories } from '../../../tools/simulation/histories.ts'
import { ABLATIONS } from '../simulation/ablations/index.ts'

const titles = namedHistories().map(({ title }) => title)

/** The races of several nodes that share a server. The others of the catalogue do not concern the cache. */
const RACES = [...Array.from({ length: 20 }, (_, index) => index + 1), 23, 26, 27, 28, 29, 30, 31, 32]

test.each(RACES)('a history is named R%d', (number) => {
  expect(titles.filter((title) => title.startsWith(`R${number}: `))).not.toEqual([])
})

test.each([
  'setTags racing invalidateTag',
  'two nodes set one key at once',
  'a fill after an increment',
  'a promotion whose counter has caught up',
  'a sync reply that overtakes the bus',
  'an evicted sequence whose log survives',
  'two nodes creating one missing generation',
  'a prefix delete meets a fill',
  'a counter that climbed past what a node had applied',
  'three nodes that meet a divergence at once',
  'a record read overtaken by an invalidation of its tag',
  'a queued tag whose record still reads old',
  'a set that timed out and lands after its replay',
  'expire does nothing to an entry that keepStale has made stale',
  'an own set that meets an older own read',
  'a prefix delete reaches what nodes keep of keys that the server had evicted',
])('there is a history: %s', (name) => {
  expect(titles.filter((title) => title.startsWith(name))).not.toEqual([])
})

test('each rule that no seed shows needed has a history that goes wrong without it', () => {
  const needed = new Set(namedHistories().flatMap(({ needs }) => needs))
  const unseen = ABLATIONS.filter((ablation) => ablation.unseen !== undefined).map(({ rule }) => rule)
  expect(unseen.length).toBeGreaterThan(0)
  expect(unseen.filter((rule) => !needed.has(rule))).toEqual([])
})
