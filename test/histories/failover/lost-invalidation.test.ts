import { expect, test } from 'vitest'
import { HEARTBEAT_MS, Stage, type StageOptions } from '../stage.ts'
import { withoutOriginalStamps, withoutReplay } from './without.ts'

// R9: the server has acknowledged a deletion, every node has applied it, and the replica that takes over lacks it.
async function play(options: StageOptions): Promise<Stage> {
  const stage = new Stage(3, options)
  const [one] = stage.players
  stage.commit('a')
  await stage.readAll('a')
  await stage.pass(HEARTBEAT_MS)
  const replica = stage.replica()
  await stage.change(one, 'a')
  await stage.pass(10)
  stage.takeOver(replica)
  stage.reconnectAll()
  await stage.pass(3 * HEARTBEAT_MS)
  return stage
}

test('R9: a deletion that the promoted replica lacks is replayed, once', async () => {
  const stage = await play({})
  expect(await stage.readAll('a')).toEqual([2, 2, 2])
  expect(stage.log().map(({ item, origin }) => [item, origin])).toEqual([['a', 'p0s1']])
})

test('without the journal, the deleted value is back until its ttl', async () => {
  const stage = await play(withoutReplay)
  expect(await stage.readAll('a')).toContain(1)
})

test('without its original stamp, every node replays it, and then the replays', async () => {
  const stage = await play(withoutOriginalStamps)
  expect(stage.log().length).toBeGreaterThanOrEqual(3)
})
