import { expect } from 'vitest'
import { history } from '../history.ts'
import { HEARTBEAT_MS } from '../stage.ts'

// A node misses more entries than the log keeps. No node knows which they were, and no server has lost anything.
history(
  'a node that falls behind the log adopts its head, and nothing that was set is removed',
  { logLimit: 4, journalLimit: 100, without: ['C9, falling behind'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('kept')
    await stage.readAll('kept')
    await stage.pass(HEARTBEAT_MS)
    const { epoch } = stage.head()
    two.listensTo = undefined
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    for (const key of keys) await stage.set(one, key)
    stage.commit('kept')
    await stage.set(one, 'kept')
    await stage.set(one, 'last')
    for (const key of keys.slice(0, 5)) await stage.set(one, key)
    await stage.pass(4 * HEARTBEAT_MS)
    expect(keys.filter((key) => stage.onServer(key) === undefined)).toEqual([])
    expect(stage.head().epoch).toEqual(epoch)
    expect(await stage.readAll('kept')).toEqual([3, 3])
    // The kept entry started a sync. As soon as that is answered, the node serves its own tier again.
    await stage.pass(10)
    expect(await stage.kept(two, 'kept')).toBe(3)
  },
)

// A failover has lost one entry. The log tells nothing about the entries before it.
history(
  'after a failover only what the log is known to have lost is removed',
  { logLimit: 4, journalLimit: 100, without: ['C9, entry by entry'] },
  async (stage) => {
    const [one] = stage.players
    await stage.pass(HEARTBEAT_MS)
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    for (const key of keys) await stage.set(one, key)
    await stage.pass(10)
    const replica = stage.replica()
    await stage.change(one, 'k0')
    await stage.pass(10)
    stage.takeOver(replica)
    stage.reconnectAll()
    await stage.pass(4 * HEARTBEAT_MS)
    expect(stage.onServer('k0')).toBe(undefined)
    expect(keys.slice(1).filter((key) => stage.onServer(key) === undefined)).toEqual([])
  },
)
