import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'

// Three nodes have applied an invalidation that a promoted replica lacks, and find it at the same moment. Without
// ordinals they would answer each other with epochs for ever.
history(
  'three nodes that meet a divergence at once write one new epoch between them',
  { nodes: 3, without: ['C9, ordinals'] },
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
    const epochs = new Set<string>()
    for (let step = 0; step < 10 * HEARTBEAT_MS; step++) {
      await stage.pass(1)
      epochs.add(stage.head().epoch.random)
    }
    expect(epochs.size).toBe(2)
    expect(stage.head().epoch.ordinal).toBe(2)
    expect(await stage.readAll('a')).toEqual([2, 2, 2])
  },
)
