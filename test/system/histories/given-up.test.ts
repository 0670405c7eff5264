// Calls that are given up at their deadline, because their turn has come late, and that end after that.
import { expect } from 'vitest'
import { Turn } from '../../../src/coherence/order/turn.ts'
import { replaced } from '../simulation/ablations/switches.ts'
import { history, type Omission } from './history.ts'
import { DEADLINE_MS, HEARTBEAT_MS, overRemote, type Player, type Stage } from './stage.ts'

const bounded = { remote: overRemote(() => ({ deadlineMs: DEADLINE_MS })) }

const sentInAnyCase: Omission = {
  rule: 'calls that were given up are not sent',
  patch: replaced(Turn, 'giveUp', () => () => undefined),
}

// Makes a call while a deletion by prefix is under way, and lets its turn come shortly before its deadline.
async function inLateTurn<T>(
  stage: Stage,
  node: Player,
  prefix: string,
  call: () => Promise<T>,
): Promise<{ readonly answer: Promise<T> }> {
  const scanned = node.network.hold('reply', 'scan leases')
  void node.cache.deleteByPrefix(prefix)
  const answer = call()
  await stage.pass(0.8 * DEADLINE_MS)
  scanned.letGo()
  return { answer }
}

history(
  'a set that was given up and fails later does not undo the set after it',
  { ...bounded, without: ['outbox, queued once'] },
  async (stage) => {
    const [one] = stage.players
    const { answer } = await inLateTurn(stage, one, 'a', async () => one.cache.set('a', [1]))
    const reply = one.network.hold('reply', 'set a')
    await stage.when(() => reply.count > 0)
    reply.lose()
    expect(await stage.until(answer)).toBe(false)
    expect(one.store.isQueued('a')).toBe(true)
    expect(await stage.until(one.cache.set('a', [2]))).toBe(true)
    await stage.pass(DEADLINE_MS)
    expect(one.store.isQueued('a')).toBe(false)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'a set that is under way when an earlier one is given up is not undone by the replay of that',
  { ...bounded, without: ['outbox, own place'] },
  async (stage) => {
    const [one] = stage.players
    const { answer } = await inLateTurn(stage, one, 'a', async () => one.cache.set('a', [1]))
    const replies = one.network.hold('reply', 'set a')
    await stage.when(() => replies.count > 0)
    const later = one.cache.set('a', [2])
    expect(await stage.until(answer)).toBe(false)
    replies.letGo()
    expect(await stage.until(later)).toBe(true)
    expect(one.store.isQueued('a')).toBe(false)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'a set that was held back and is given up after that does not undo the set after it',
  { ...bounded, partitions: 2, without: ['outbox, queued once'] },
  async (stage) => {
    const [one] = stage.players
    const lost = one.network.hold('request', 'scan')
    await stage.until(one.cache.deleteByPrefix('a'))
    lost.lose()
    const { answer } = await inLateTurn(stage, one, 'z', async () => one.cache.setMany({ a: [1], z: [1] }))
    const reply = one.network.hold('reply', 'set z')
    await stage.when(() => reply.count > 0)
    stage.reconnect(one)
    await stage.when(() => one.store.stats().outbox!.prefixes === 0)
    expect(await stage.until(one.cache.set('a', [2]))).toBe(true)
    expect(await stage.until(answer)).toBe(false)
    reply.lose()
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'an invalidation that is given up after the server has executed it is not queued',
  { ...bounded, without: ['outbox, queued once'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(two, 'a', { tags: ['t'] })
    const { answer } = await inLateTurn(stage, one, 'z', async () => one.cache.invalidate(['a', 'z']))
    const asked = one.network.hold('request', 'generations')
    await stage.when(() => asked.count > 0)
    expect(await stage.until(one.cache.set('a', [2]))).toBe(true)
    expect(await stage.until(answer)).toMatchObject({ l2: 'acked' })
    expect(one.store.isQueued('a')).toBe(false)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'a tag that was given up and fails later hides nothing that was set after it',
  { ...bounded, without: ['outbox, queued once'] },
  async (stage) => {
    const [one, two] = stage.players
    const { answer } = await inLateTurn(stage, one, 'z', async () => one.cache.invalidateTag('t'))
    const reply = one.network.hold('reply', 'invalidate tags')
    await stage.when(() => reply.count > 0)
    reply.lose()
    expect(await stage.until(answer)).toMatchObject({ l2: 'queued' })
    stage.reconnect(one)
    await stage.when(() => !one.store.isTagQueued('t'))
    expect(await stage.until(one.cache.set('a', [2], { tags: ['t'] }))).toBe(true)
    await stage.pass(DEADLINE_MS)
    expect(one.store.isTagQueued('t')).toBe(false)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(await stage.get(one, 'a')).toBe(2)
    expect(await stage.get(two, 'a')).toBe(2)
  },
)

history(
  'a set that was given up before it was sent is not sent, and makes up for nothing that came after it',
  { ...bounded, outboxLimit: 1, without: [sentInAnyCase] },
  async (stage) => {
    const [one] = stage.players
    const lost = one.network.hold('request', 'delete')
    await stage.until(one.cache.delete('a'))
    await stage.until(one.cache.delete('b'))
    lost.lose()
    // The listed key is sent. The other one stays suspect, because nothing is swept.
    const swept = one.network.hold('request', 'survey')
    await stage.when(() => swept.count > 0)
    const { answer } = await inLateTurn(stage, one, 'a', async () => one.cache.set('a', [1]))
    const later = one.cache.invalidate('a')
    const removed = one.network.hold('reply', 'delete a')
    await stage.when(() => removed.count > 0)
    expect(await stage.until(answer)).toBe(false)
    expect(await stage.until(later)).toMatchObject({ l2: 'queued' })
    removed.letGo()
    await stage.pass(10)
    expect(one.store.isQueued('a')).toBe(true)
    expect(stage.onServer('a')).toBe(undefined)
  },
)
