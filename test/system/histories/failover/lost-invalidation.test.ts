import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'
import { withoutOriginalStamps } from './without.ts'

// The server has acknowledged a deletion, every node has applied it, and the replica that takes over lacks it.
history(
  'R9: a deletion that the promoted replica lacks is replayed, once',
  {
    nodes: 3,
    without: ['C9, journal', { rule: 'stamps of replays', ...withoutOriginalStamps }],
  },
  async (stage) => {
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
    expect(await stage.readAll('a')).toEqual([2, 2, 2])
    // Without its original stamp, every node would replay the deletion, and then the replays.
    expect(stage.log().map(({ item, origin }) => [item, origin])).toEqual([['a', 'p0s1']])
  },
)
