import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'

// A node's own deletion is acknowledged, and its message reaches no node. The log of the promoted replica equals the
// one that every node has applied.
history(
  'a node misses in the log what it was told of its own operation',
  { without: ['C9, sightings', 'C9, own operations'] },
  async (stage) => {
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
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)
