import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'

// A replica that lags takes over, answers one read, and is replaced by one that has everything. The log that the
// reading node follows is the same before and after.
history(
  'what a server of another history answered goes with the connection to it',
  { without: ['C6, connections'] },
  async (stage) => {
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
    // The answer to the sync that this starts is lost with the replica.
    expect(await stage.read(two, 'a')).toBe(1)
    stage.takeOver(complete)
    stage.reconnectAll()
    await stage.pass(3 * HEARTBEAT_MS)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)
