// Writers that meet each other, and reads of their own node.
import { expect } from 'vitest'
import { ServerEntries } from '../../../simulator/server/server-entries.ts'
import { replaced } from '../simulation/ablations/switches.ts'
import { history } from './history.ts'
import { HEARTBEAT_MS, overRemote, type Player, type Stage } from './stage.ts'

// The caller's own versions order these values.
async function put(stage: Stage, node: Player, version: number): Promise<readonly boolean[]> {
  const stored = stage.stored(node, version)
  const op = { kind: 'set', key: 'a', stored, ttlMs: 60_000, rowVersion: BigInt(version) } as const
  const results = await node.store.write([op])
  return results.map(({ ok }) => ok)
}

history(
  'R5: what was read between the sending of an own deletion and its execution is not kept',
  { without: ['C5, after'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    await stage.set(two, 'a')
    // Its own message would drop it, too.
    one.network.hold('message')
    const request = one.network.hold('request', 'delete a')
    stage.commit('a')
    const deleting = one.cache.delete('a')
    await stage.when(() => request.count > 0)
    expect(await stage.read(one, 'a')).toBe(1)
    request.letGo()
    await stage.until(deleting)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R5: a deletion is in force on its own node from the moment at which it is sent',
  { without: ['C5, before'] },
  async (stage) => {
    const [one] = stage.players
    stage.commit('a')
    await stage.read(one, 'a')
    stage.commit('a')
    const request = one.network.hold('request', 'delete a')
    const deleting = one.cache.delete('a')
    expect(await stage.kept(one, 'a')).toBe(undefined)
    request.letGo()
    await stage.until(deleting)
  },
)

history(
  'R20: the older value of a slower writer does not replace a newer one, if both name row versions',
  { without: ['row versions'] },
  async (stage) => {
    const [one, two] = stage.players
    const request = one.network.hold('request', 'set a')
    const slow = put(stage, one, 1)
    await stage.when(() => request.count > 0)
    expect(await stage.until(put(stage, two, 2))).toEqual([true])
    request.letGo()
    expect(await stage.until(slow)).toEqual([false])
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'R20: an invalidation with a row version leaves a floor for writers that are late',
  { without: ['row versions'] },
  async (stage) => {
    const [one, two] = stage.players
    const request = one.network.hold('request', 'set a')
    const slow = put(stage, one, 1)
    await stage.when(() => request.count > 0)
    await stage.until(two.store.invalidate(['a'], [], { rowVersion: 2n }))
    request.letGo()
    await stage.until(slow)
    expect(stage.onServer('a')).toBe(undefined)
    expect(await stage.until(put(stage, two, 2))).toEqual([true])
  },
)

history(
  'R20: an invalidation that is refused for its row version reaches nodes that keep something older still',
  {
    without: [
      {
        rule: 'refused invalidations are logged',
        patch: replaced(
          ServerEntries,
          'write',
          (write) =>
            function refuse(this: ServerEntries, op) {
              const found = op.kind === 'delete' ? this.read(op.key) : undefined
              const isOutdated = op.kind === 'delete' && (op.rowVersion ?? 0n) < (found?.rowVersion ?? 0n)
              return isOutdated ? { ok: false, outdated: true } : write.call(this, op)
            },
        ),
      },
    ],
  },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    await stage.until(put(stage, one, 3))
    stage.evict('v:a')
    // A fill of an absent key is announced to no node. The writer of the fifth version has died before it could tell.
    const lease = two.store.open('a', { tags: [] })
    await stage.until(two.store.acquire([lease]))
    const fills = [{ lease, stored: stage.stored(two, 5), ttlMs: 60_000, rowVersion: 5n }]
    // oxlint-disable-next-line no-array-fill-with-reference-type
    expect(await stage.until(two.store.fill(fills))).toEqual([true])
    expect(await stage.kept(one, 'a')).toBe(3)
    await stage.until(two.store.invalidate(['a'], [], { rowVersion: 4n }))
    await stage.pass(10)
    expect(await stage.get(one, 'a')).toBe(5)
  },
)

history(
  'two nodes set one key at once: both keep and read what the server has',
  { without: ['C3b, markers'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    const reply = one.network.hold('reply', 'set a')
    const late = two.network.hold('message')
    const first = stage.set(one, 'a')
    await stage.when(() => reply.count > 0)
    await stage.set(two, 'a')
    await stage.pass(10)
    reply.letGo()
    await stage.until(first)
    // The first one has heard of the other's set before its own was answered. The other hears of the first's after
    // that.
    expect(await stage.kept(one, 'a')).toBe(undefined)
    late.letGo()
    await stage.pass(10)
    expect(await stage.kept(two, 'a')).toBe(2)
    expect(await stage.readAll('a')).toEqual([2, 2])
  },
)

history(
  'an own set that meets an older own read is kept',
  { without: [['C3b, older reads', 'C3']] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(two, 'a')
    await stage.pass(10)
    const reply = one.network.hold('reply', 'read a')
    const reading = one.cache.get('a')
    await stage.when(() => reply.count > 0)
    await stage.set(one, 'a')
    reply.letGo()
    expect(await stage.until(reading)).toEqual([1])
    expect(await stage.kept(one, 'a')).toBe(2)
  },
)

history(
  'a set that timed out and lands after its replay is the last word, if it names no row version',
  {},
  async (stage) => {
    const [one, two] = stage.players
    const request = one.network.hold('request', 'set a')
    expect(await stage.set(one, 'a')).toBe(false)
    expect(one.store.isQueued('a')).toBe(true)
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(one.store.isQueued('a')).toBe(false)
    expect(await stage.get(two, 'a')).toBe(undefined)
    request.letGo()
    await stage.pass(10)
    expect(await stage.readAll('a')).toEqual([1, 1])
  },
)

history(
  'a set that timed out and lands after its replay does not replace a newer one, if both name row versions',
  { without: ['row versions'] },
  async (stage) => {
    const [one, two] = stage.players
    const request = one.network.hold('request', 'set a')
    await stage.until(put(stage, one, 1).catch(() => []))
    await stage.pass(1.1 * HEARTBEAT_MS)
    expect(await stage.until(put(stage, two, 2))).toEqual([true])
    request.letGo()
    await stage.pass(10)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'expire does nothing to an entry that keepStale has made stale, however long the new ttl is',
  {},
  async (stage) => {
    const [one, two] = stage.players
    const stored = stage.stored(one, 1)
    await stage.until(one.store.write([{ kind: 'set', key: 'a', stored, ttlMs: 60_000, graceMs: 60_000 }]))
    await stage.until(two.store.invalidate(['a'], [], { keepStale: true }))
    for (const node of [one, two]) {
      const expire = { kind: 'expire', key: 'a', ttlMs: 3_600_000 } as const
      expect(await stage.until(node.store.write([expire]))).toMatchObject([{ ok: false }])
      expect(await stage.get(node, 'a')).toBe(undefined)
      const stale = await stage.until(node.store.read(['a'], { stale: true }))
      expect(stale.get('a')?.remainingMs).toBeLessThanOrEqual(0)
    }
  },
)

history(
  'R32: what a node keeps ends when it ends on the server, counted from before it was asked for',
  {
    without: [
      {
        rule: 'remaining time of the server',
        remote: overRemote((remote) => ({
          read: async (keys) =>
            new Map(
              [...(await remote.read(keys))].map(([key, one]) => [key, { ...one, remainingMs: 10_000 }]),
            ),
        })),
      },
    ],
  },
  async (stage) => {
    const [one, two] = stage.players
    await stage.set(one, 'a', { ttl: 10 })
    await stage.pass(9_000)
    const reply = two.network.hold('reply', 'read a')
    const reading = two.cache.get('a')
    await stage.pass(90)
    reply.letGo()
    await stage.until(reading)
    expect(await stage.kept(two, 'a')).toBe(1)
    await stage.pass(910)
    expect(stage.onServer('a')).toBe(undefined)
    expect(await stage.kept(two, 'a')).toBe(undefined)
  },
)
