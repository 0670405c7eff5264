import { expect, test } from 'vitest'
import { HEARTBEAT_MS, Stage, type StageOptions } from '../stage.ts'
import { withoutStamps } from './without.ts'

// Both nodes apply an invalidation that the promoted replica lacks. Before they ask it, somebody whom they do not
// hear has invalidated another key there: epoch and counter are those they know, and the history is another one.
async function play(options: StageOptions): Promise<Stage> {
  const stage = new Stage(3, options)
  const [one, two, other] = stage.players
  for (const key of ['lost', 'missed']) {
    stage.commit(key)
    await stage.readAll(key)
  }
  await stage.pass(HEARTBEAT_MS)
  const replica = stage.replica()
  other.listensTo = undefined
  await stage.change(one, 'lost')
  await stage.pass(10)
  stage.takeOver(replica)
  stage.reconnect(other, false)
  await stage.change(other, 'missed')
  for (const node of [one, two]) stage.reconnect(node)
  return stage
}

test('a promotion whose counter has caught up is noticed by the stamp: same epoch and counter, other history', async () => {
  const stage = await play({})
  await stage.pass(3 * HEARTBEAT_MS)
  expect(await stage.readAll('missed')).toEqual([2, 2, 2])
  expect(await stage.readAll('lost')).toEqual([2, 2, 2])
})

test('without stamps, nobody notices, and what was lost is back for good', async () => {
  const stage = await play(withoutStamps)
  await stage.pass(3 * HEARTBEAT_MS)
  expect(await stage.readAll('lost')).toContain(1)
})
