import { expect, test } from 'vitest'
import { Sightings } from '../../../src/coherence/sightings.ts'
import { HEARTBEAT_MS, Stage } from '../stage.ts'

// A node's own deletion is acknowledged, and no message of it reaches anybody: the log that the promoted replica has
// is, to the letter, the one that every node has applied.
async function play(): Promise<Stage> {
  const stage = new Stage(2)
  const [one, two] = stage.players
  stage.commit('a')
  await stage.readAll('a')
  await stage.pass(HEARTBEAT_MS)
  const replica = stage.replica()
  for (const node of [one, two]) node.listensTo = undefined
  await stage.change(one, 'a')
  stage.takeOver(replica)
  stage.reconnectAll()
  await stage.pass(3 * HEARTBEAT_MS)
  return stage
}

test('a node misses in the log what it was told of its own operation', async () => {
  expect(await (await play()).readAll('a')).toEqual([2, 2])
})

test('without that, the log seems complete, and what was lost is back for good', async () => {
  const { contradict } = Sightings.prototype
  Sightings.prototype.contradict = () => false
  try {
    expect(await (await play()).readAll('a')).toContain(1)
  } finally {
    Sightings.prototype.contradict = contradict
  }
})
