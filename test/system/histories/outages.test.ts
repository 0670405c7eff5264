// Calls without an answer: the outbox, and the values that nodes may serve meanwhile.
import { expect } from 'vitest'
import { history } from './history.ts'
import { HEARTBEAT_MS } from './stage.ts'

history(
  'R26: an invalidation whose reply was lost is repeated until it is acknowledged, and hidden here until then',
  { without: ['outbox', 'outbox, replay'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(two, 'a')
    const request = one.network.hold('request', 'delete a')
    stage.commit('a')
    const { l2 } = await stage.until(one.cache.invalidate('a'))
    expect(l2).toBe('queued')
    request.lose()
    expect(await stage.read(one, 'a')).toBe(2)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(one.store.isQueued('a')).toBe(false)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'R26: repeated though it was executed, an invalidation does no more than remove what is newer',
  {},
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(two, 'a')
    const reply = one.network.hold('reply', 'delete a')
    stage.commit('a')
    await stage.until(one.cache.delete('a'))
    reply.lose()
    expect(await stage.read(two, 'a')).toBe(2)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(undefined)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'R28: what a dead process had not delivered is seen no longer than the entry lives, and it had said so',
  {},
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(two, 'a', { ttl: 20 })
    one.network.cut(60_000)
    stage.commit('a')
    expect(await stage.until(one.cache.invalidate('a'))).toMatchObject({ l1: 'acked', l2: 'queued' })
    stage.kill(one)
    await stage.pass(10_000)
    expect(await stage.read(two, 'a')).toBe(1)
    await stage.pass(10_000)
    expect(await stage.read(two, 'a')).toBe(2)
  },
)

history(
  'R29: nodes that are cut off serve what they had up to maxStale, and what one of them changed is in force after',
  { policy: 'available', without: ['outbox, reads', 'C1'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    await stage.readAll('a')
    await stage.pass(HEARTBEAT_MS)
    for (const { network } of [one, two]) network.cut(100_000)
    stage.commit('a')
    await stage.until(one.cache.delete('a'))
    expect(await stage.read(one, 'a')).toBe(2)
    await stage.pass(50_000)
    expect(await stage.kept(two, 'a')).toBe(1)
    await stage.pass(12_000)
    expect(await stage.kept(two, 'a')).toBe(undefined)
    await stage.pass(37_500)
    // The connections are back, and the replay is under way. The server still has the old value.
    const replay = one.network.hold('request', 'delete a')
    await stage.when(() => replay.count > 0)
    expect(stage.onServer('a')).toBe(1)
    expect(await stage.read(one, 'a')).toBe(2)
    replay.letGo()
    await stage.pass(10)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'R29: what a node has loaded while it was cut off goes when the server is back',
  { policy: 'available' },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    one.network.cut(10_000)
    await stage.pass(5_000)
    stage.commit('a')
    expect(await stage.read(one, 'a')).toBe(1)
    expect(await stage.kept(one, 'a')).toBe(1)
    await stage.change(two, 'a')
    expect(await stage.kept(one, 'a')).toBe(1)
    await stage.pass(5_000 + 1.1 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R29: a value that is loaded at the beginning of an outage is kept, although the node was in sync a moment before',
  { policy: 'available' },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    one.network.cut(10_000)
    stage.commit('a')
    expect(await stage.read(one, 'a')).toBe(1)
    expect(await stage.kept(one, 'a')).toBe(1)
    expect(await stage.read(one, 'a')).toBe(1)
    expect(stage.loads).toBe(1)
    await stage.change(two, 'a')
    await stage.pass(10_000 + 1.1 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R29: a value that is loaded while one question is lost goes with the next answer of the log',
  { policy: 'available' },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('b')
    await stage.readAll('b')
    await stage.pass(HEARTBEAT_MS)
    const question = one.network.hold('request', 'acquire a')
    stage.commit('a')
    const reading = stage.read(one, 'a')
    await stage.when(() => question.count > 0)
    question.lose()
    expect(await reading).toBe(1)
    expect(await stage.kept(one, 'a')).toBe(1)
    // Its message is lost as well.
    one.listensTo = undefined
    await stage.change(two, 'a')
    await stage.pass(1.2 * HEARTBEAT_MS)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'an acknowledgement of what was sent before does not count for what was refused since',
  { without: ['outbox, acknowledgements'] },
  async (stage) => {
    const [one, two] = stage.players
    const lost = one.network.hold('request', 'delete a')
    stage.commit('a')
    await stage.until(one.cache.delete('a'))
    lost.lose()
    const reply = one.network.hold('reply', 'delete a')
    await stage.pass(0.9 * HEARTBEAT_MS)
    await stage.when(() => reply.count > 0)
    // The replay has been executed and is not acknowledged yet. Another node stores the database's value.
    expect(await stage.read(two, 'a')).toBe(1)
    stage.commit('a')
    const accept = one.network.refuse('delete a')
    await stage.until(one.cache.delete('a'))
    reply.letGo()
    await stage.pass(10)
    expect(one.store.isQueued('a')).toBe(true)
    expect(await stage.read(one, 'a')).toBe(2)
    accept()
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'a set that is under way is not undone by the replay of what was queued before',
  { without: ['outbox, under way'] },
  async (stage) => {
    const [one] = stage.players
    await stage.set(one, 'a')
    const request = one.network.hold('request', 'delete a')
    await stage.until(one.cache.delete('a'))
    request.lose()
    // The set was executed, and its answer is still on its way when a load wants the queue to be sent. The database
    // does not have the set value, so a load can not make up for its loss.
    const answer = one.network.hold('reply', 'set a')
    const setting = one.cache.set('a', [7])
    await stage.when(() => answer.count > 0)
    await stage.read(one, 'a')
    answer.letGo()
    expect(await stage.until(setting)).toBe(true)
    await stage.pass(2 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(7)
    expect(one.store.isQueued('a')).toBe(false)
  },
)

history(
  'a set that is acknowledged while a replay is under way is not undone by the rest of that replay',
  { outboxLimit: 1_000, without: ['outbox, snapshot'] },
  async (stage) => {
    const [one] = stage.players
    // The keys need more than one call. The last key is sent when the first call was answered.
    const others = Array.from({ length: 500 }, (_, index) => `k${index}`)
    const lost = one.network.hold('request', 'delete ')
    await stage.until(one.cache.deleteMany([...others, 'a']))
    lost.lose()
    const answer = one.network.hold('reply', 'delete k0,')
    await stage.when(() => answer.count > 0)
    expect(await stage.until(one.cache.set('a', [7]))).toBe(true)
    answer.letGo()
    await stage.pass(2 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(7)
    expect(one.store.isQueued('k0')).toBe(false)
  },
)

history(
  'a partition that is away holds nothing back of the others',
  { partitions: 2, without: ['outbox, partitions'] },
  async (stage) => {
    const [one] = stage.players
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    const away = one.remote.partitionOf('a')
    const other = keys.find((key) => one.remote.partitionOf(key) !== away)!
    one.remote.away.add('0').add('1')
    await stage.until(one.cache.delete('a'))
    await stage.until(one.cache.delete(other))
    one.remote.away.delete(one.remote.partitionOf(other))
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(one.store.isQueued(other)).toBe(false)
    expect(one.store.isQueued('a')).toBe(true)
    one.remote.away.clear()
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(one.store.isQueued('a')).toBe(false)
  },
)

history(
  'a tag for which the outbox has no room is in effect here at once, and on the server after a sweep',
  { outboxLimit: 1, without: ['outbox, overflow', 'outbox, tags'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    stage.commit('b')
    await stage.readAll('a', { tags: ['t'] })
    await stage.readAll('b', { tags: ['u'] })
    const request = one.network.hold('request', 'invalidate tags')
    expect(await stage.until(one.cache.invalidateTag('listed'))).toMatchObject({ l2: 'queued' })
    stage.commit('a')
    expect(await stage.until(one.cache.invalidateTag('t'))).toMatchObject({ l2: 'queued' })
    expect(one.store.isTagQueued('t')).toBe(true)
    expect(await stage.get(one, 'a')).toBe(undefined)
    expect(await stage.read(one, 'a', { tags: ['t'] })).toBe(2)
    expect(await stage.kept(one, 'b')).toBe(1)
    request.lose()
    await stage.pass(2.1 * HEARTBEAT_MS)
    expect(one.store.isTagQueued('t')).toBe(false)
    expect(await stage.kept(two, 'a')).toBe(undefined)
    expect(await stage.readAll('a', { tags: ['t'] })).toEqual([2, 2])
    // The entry with another tag was left alone.
    expect(await stage.kept(two, 'b')).toBe(1)
  },
)

history(
  'a set that is not sent because a queued prefix covers it does not count as made up for by that prefix',
  { without: ['outbox, held back'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    const lost = one.network.hold('request', 'scan')
    expect(await stage.until(one.cache.deleteByPrefix('a'))).toBe(undefined)
    lost.lose()
    // The replay has scanned the prefix when another node stores the database's value.
    const scanned = one.network.hold('reply', 'scan values')
    await stage.when(() => scanned.count > 0)
    expect(await stage.read(two, 'a')).toBe(1)
    expect(await stage.set(one, 'a')).toBe(false)
    scanned.letGo()
    await stage.pass(10)
    expect(await stage.read(one, 'a')).toBe(2)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(one.store.isQueued('a')).toBe(false)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'a set of a key for which the outbox has no room outlives the sweep that it meets',
  { outboxLimit: 1, without: ['outbox, held back'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    const lost = one.network.hold('request', 'delete')
    await stage.until(one.cache.delete('other'))
    await stage.until(one.cache.delete('a'))
    await stage.until(one.cache.delete('b'))
    lost.lose()
    // The sweep has looked at the server's values when another node stores the database's value.
    const surveyed = one.network.hold('reply', 'survey values')
    await stage.when(() => surveyed.count > 0)
    expect(await stage.read(two, 'a')).toBe(1)
    const away = one.network.refuse('delete a')
    expect(await stage.set(one, 'a')).toBe(false)
    surveyed.letGo()
    await stage.pass(10)
    away()
    expect(await stage.read(one, 'a')).toBe(2)
    await stage.pass(2.1 * HEARTBEAT_MS)
    expect(one.store.isQueued('a')).toBe(false)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)
