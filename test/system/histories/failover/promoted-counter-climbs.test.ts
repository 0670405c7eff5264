import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'

// A node has applied two invalidations that the promoted replica lacks. Until its subscription finds that replica, two
// others are logged there. The next message bears the number that the node waits for.
history(
  'a counter that climbed past what a node had applied is noticed by the stamp of the entry before',
  { nodes: 3, without: ['C6, chain of stamps'] },
  async (stage) => {
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
    // The sync that a new subscription starts is lost with it, so the message is the first to arrive.
    for (const node of [one, two]) node.network.cut(1.5)
    await stage.pass(2)
    await stage.change(other, 'heard')
    await stage.pass(3 * HEARTBEAT_MS)
    for (const key of ['missed', 'missed too', 'heard', 'lost', 'lost too'])
      expect(await stage.readAll(key)).toEqual([2, 2, 2])
  },
)
