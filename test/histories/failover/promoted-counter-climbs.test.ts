import { expect, test } from 'vitest'
import { Follower } from '../../../src/coherence/follower.ts'
import { HEARTBEAT_MS, Stage } from '../stage.ts'

// A node has applied two invalidations that the promoted replica lacks. Until its subscription finds that one, two
// others are logged there; the next message bears the number that the node waits for.
async function play(): Promise<Stage> {
  const stage = new Stage(3)
  const [one, two, other] = stage.players
  for (const key of ['lost', 'lost too', 'missed', 'missed too', 'heard']) {
    stage.commit(key)
    await stage.readAll(key)
  }
  await stage.pass(HEARTBEAT_MS)
  const replica = stage.replica()
  other.listensTo = undefined
  await stage.change(one, 'lost')
  await stage.change(one, 'lost too')
  await stage.pass(10)
  stage.takeOver(replica)
  stage.reconnect(other)
  await stage.change(other, 'missed')
  await stage.change(other, 'missed too')
  for (const node of [one, two]) stage.reconnect(node)
  // The sync that a new subscription starts is lost with it: the message is the first to arrive.
  for (const node of [one, two]) node.network.cut(1.5)
  await stage.pass(2)
  await stage.change(other, 'heard')
  await stage.pass(3 * HEARTBEAT_MS)
  return stage
}

test('a counter that climbed past what a node had applied is noticed by the stamp of the entry before', async () => {
  const stage = await play()
  for (const key of ['missed', 'missed too', 'heard', 'lost', 'lost too'])
    expect(await stage.readAll(key)).toEqual([2, 2, 2])
})

test('without the chain of stamps, nobody notices, and what was lost is back for good', async () => {
  const { onMessage } = Follower.prototype
  Follower.prototype.onMessage = function onNumber(message) {
    const { applied } = this
    const isNext = message.counter === (applied?.counter ?? NaN) + 1
    onMessage.call(this, isNext ? { ...message, previous: applied!.stamp } : message)
  }
  try {
    const stage = await play()
    expect(await stage.readAll('lost')).toContain(1)
  } finally {
    Follower.prototype.onMessage = onMessage
  }
})
