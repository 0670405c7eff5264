import { expect, test } from 'vitest'
import { HEARTBEAT_MS, Stage, type StageOptions } from '../stage.ts'
import { withoutReconnection } from './without.ts'

// A replica that lags takes over, answers one read, and is replaced by one that has everything: the log that the
// reading node follows is the same before and after.
async function play(options: StageOptions): Promise<Stage> {
  const stage = new Stage(2, options)
  const [one, two] = stage.players
  stage.commit('a')
  await stage.readAll('a')
  await stage.pass(HEARTBEAT_MS)
  const lagging = stage.replica()
  await stage.change(one, 'a')
  await stage.pass(10)
  const complete = stage.replica()
  stage.takeOver(lagging)
  stage.reconnect(two)
  // Its answer to the sync that this starts is lost with it.
  expect(await stage.read(two, 'a')).toBe(1)
  stage.takeOver(complete)
  stage.reconnectAll()
  return stage
}

test('what a server of another history answered goes with the connection to it', async () => {
  const stage = await play({})
  await stage.pass(HEARTBEAT_MS)
  expect(await stage.readAll('a')).toEqual([2, 2])
})

test('without that, a read from a history that no log tells of is served on', async () => {
  const stage = await play(withoutReconnection)
  await stage.pass(3 * HEARTBEAT_MS)
  expect(await stage.readAll('a')).toEqual([2, 1])
})
