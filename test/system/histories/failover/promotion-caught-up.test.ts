import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'
import { withoutStamps } from './without.ts'

// Both nodes apply an invalidation that the promoted replica lacks. Before they ask it, a client that they do not hear
// has invalidated another key there. Epoch and counter are the known ones, and the history is another one.
history(
  'a promotion whose counter has caught up is noticed by the stamp: same epoch and counter, other history',
  { nodes: 3, without: [{ rule: 'stamps of entries', ...withoutStamps }] },
  async (stage) => {
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
    await stage.pass(3 * HEARTBEAT_MS)
    expect(await stage.readAll('missed')).toEqual([2, 2, 2])
    expect(await stage.readAll('lost')).toEqual([2, 2, 2])
  },
)
