// Messages that are late, lost, out of order or overtaken. The log decides, and messages only make it faster.
import { expect } from 'vitest'
import { history } from './history.ts'
import { HEARTBEAT_MS } from './stage.ts'

history(
  'R4: an answer of the server that a message has overtaken reaches its caller and is not kept',
  { without: ['C2, messages', 'C3'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(two, 'a')
    const reply = one.network.hold('reply', 'read a')
    const reading = one.cache.get('a')
    await stage.when(() => reply.count > 0)
    await stage.change(two, 'a')
    await stage.pass(10)
    reply.letGo()
    expect(await stage.until(reading)).toEqual([1])
    expect(await stage.kept(one, 'a')).toBe(undefined)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R6: a message that was lost is made up for by the heartbeat',
  { without: ['heartbeat', 'heartbeat, comparison'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    await stage.readAll('a')
    const message = one.network.hold('message')
    await stage.change(two, 'a')
    await stage.pass(10)
    message.lose()
    expect(await stage.read(one, 'a')).toBe(1)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(await stage.get(one, 'a')).not.toBe(1)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R6: a gap in the messages is repaired from the log at once',
  { without: ['C6, gaps'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    for (const key of ['a', 'b']) {
      stage.commit(key)
      await stage.readAll(key)
    }
    const message = one.network.hold('message')
    await stage.change(two, 'a')
    await stage.pass(10)
    message.lose()
    await stage.change(two, 'b')
    await stage.pass(20)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R6: when the log does not reach back to what was missed, the node forgets everything',
  { logLimit: 2, without: ['C6, holes'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    stage.commit('a')
    await stage.readAll('a')
    const message = one.network.hold('message')
    for (const key of ['a', 'b', 'c', 'd']) await stage.change(two, key)
    await stage.pass(10)
    message.lose()
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'a subscription that was made anew tells at once what it has missed',
  { without: ['C6, subscriptions'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(1.5 * HEARTBEAT_MS)
    stage.commit('a')
    await stage.readAll('a')
    one.listensTo = undefined
    await stage.change(two, 'a')
    one.listensTo = stage.server
    one.network.resubscribe()
    await stage.pass(10)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R7: a node whose lines have died without a word serves its own tier no longer than the bound',
  { without: ['C1'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    await stage.readAll('a')
    one.network.cut(60_000)
    await stage.change(two, 'a')
    await stage.pass(2_000)
    expect(await stage.kept(one, 'a')).toBe(1)
    await stage.pass(2_000)
    expect(await stage.kept(one, 'a')).toBe(undefined)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R8: who reads with the token of an invalidation reads nothing older, on a node that has not heard of it',
  { without: ['C10'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    await stage.readAll('a')
    const message = one.network.hold('message')
    stage.commit('a')
    const { token } = await stage.until(two.cache.invalidate('a'))
    expect(await stage.read(one, 'a')).toBe(1)
    expect(await stage.read(one, 'a', { after: token })).toBe(2)
    message.letGo()
  },
)

history(
  'R16: invalidations of a tag that are heard in the wrong order leave the last one in force',
  { without: ['C7, local entries'] },
  async (stage) => {
    const [one, two] = stage.players
    const tags = ['t']
    stage.commit('a')
    await stage.readAll('a', { tags })
    const messages = one.network.hold('message')
    stage.commit('a')
    await stage.until(two.cache.invalidateTag('t'))
    await stage.read(two, 'a', { tags })
    stage.commit('a')
    await stage.until(two.cache.invalidateTag('t'))
    await stage.pass(10)
    messages.letGoReversed()
    await stage.pass(50)
    expect(await stage.readAll('a', { tags })).toEqual([3, 3])
  },
)

history(
  "R31: another writer's message for a key that this node has just written is heeded",
  { without: ['C3b, stamped entries'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    await stage.set(one, 'a')
    await stage.set(two, 'a')
    await stage.pass(10)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'a sync reply that overtakes the bus: what comes late is neither a gap nor news',
  {},
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    for (const key of ['a', 'b']) {
      stage.commit(key)
      await stage.readAll(key)
    }
    const messages = one.network.hold('message')
    await stage.change(two, 'a')
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
    const syncs = one.network.sent.length
    messages.letGo()
    await stage.pass(20)
    // No server is asked, and values newer than the message stay.
    expect(one.network.sent.slice(syncs)).toEqual([])
    expect(await stage.kept(one, 'b')).toBe(1)
    expect(await stage.kept(one, 'a')).toBe(2)
  },
)

history(
  'a sync reply that messages have overtaken changes nothing, and a promotion that loses those is noticed',
  { without: ['C6, overtaken answers'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    await stage.readAll('a')
    await stage.pass(HEARTBEAT_MS)
    const replica = stage.replica()
    const reply = one.network.hold('reply', 'sync 0')
    one.network.resubscribe()
    await stage.when(() => reply.count > 0)
    await stage.change(two, 'a')
    await stage.pass(10)
    reply.letGo()
    await stage.pass(10)
    // The only other witness dies, and the server that takes over lacks the deletion.
    stage.kill(two)
    stage.takeOver(replica)
    stage.reconnect(one)
    await stage.pass(3 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'a new node hears late what its first sync has passed over, and is the last one that knows of it',
  { nodes: 1, without: ['C6, late messages'] },
  async (stage) => {
    const [other] = stage.players
    stage.commit('a')
    await stage.read(other, 'a')
    await stage.pass(10)
    const replica = stage.replica()
    // It takes over the head that it finds, and no entry before it.
    const one = stage.join()
    const sync = one.network.hold('request', 'sync 0')
    const messages = one.network.hold('message')
    await stage.when(() => sync.count > 0)
    await stage.change(other, 'a')
    sync.letGo()
    await stage.pass(10)
    messages.letGo()
    await stage.pass(10)
    stage.kill(other)
    stage.takeOver(replica)
    stage.reconnect(one)
    await stage.pass(3 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'a node whose own change was answered in another epoch asks at once',
  { without: ['C3b, epochs'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(1.5 * HEARTBEAT_MS)
    stage.commit('a')
    await stage.readAll('a')
    one.network.hold('message')
    // The sequence was evicted, and the other node has begun a new one.
    stage.evict('s:0', 'g:0')
    await stage.change(two, 'a')
    two.network.resubscribe()
    await stage.pass(10)
    await stage.set(one, 'b')
    await stage.pass(10)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)
