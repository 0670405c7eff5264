// Loads that meet invalidations: a value that was read before must not be stored, kept or shared after.
import { expect } from 'vitest'
import { headOf } from '../../support/head-of.ts'
import { history } from './history.ts'
import { HEARTBEAT_MS, overRemote } from './stage.ts'

history(
  'R1: a value that was loaded before an invalidation is not stored after it',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    // Only the server can know, because the loading node hears nothing.
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    await stage.change(two, 'a')
    expect(await loading.finish()).toBe(1)
    expect(stage.onServer('a')).toBe(undefined)
    expect(await stage.read(two, 'a')).toBe(2)
  },
)

history(
  'R2: a loaded value that was invalidated on its way back is not kept by the node that loaded it',
  { without: ['C3b, markers'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    const reply = one.network.hold('reply', 'fill a')
    const finished = loading.finish()
    await stage.when(() => reply.count > 0)
    await stage.change(two, 'a')
    await stage.pass(10)
    reply.letGo()
    expect(await finished).toBe(1)
    expect(await stage.kept(one, 'a')).toBe(undefined)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R2: a loaded value whose fill was refused is not kept by the node that loaded it',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    await stage.change(two, 'a')
    await loading.finish()
    expect(await stage.kept(one, 'a')).toBe(undefined)
  },
)

history(
  'R3: who comes after an invalidation does not join a load that began before it',
  { without: ['detach'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    await stage.change(two, 'a')
    await stage.pass(10)
    const later = one.cache.getOrSet('a', () => [stage.versionOf('a')] as const)
    await stage.pass(500)
    await loading.finish()
    expect(await stage.until(later)).toEqual([2])
  },
)

history(
  'R3: who joins a load after another node has invalidated the key does not share what the server refuses',
  { without: ['late callers'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    await stage.change(two, 'a')
    const later = one.cache.getOrSet('a', () => [stage.versionOf('a')] as const)
    await stage.pass(10)
    expect(await loading.finish()).toBe(1)
    expect(await stage.until(later)).toEqual([2])
  },
)

history(
  'R3: a node that hears nothing shares no load that is older than the bound',
  { without: ['C4'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    // The load has no lease, which the deletion would void.
    one.network.cut(10_000)
    const loading = await stage.load(one, 'a')
    await stage.change(two, 'a')
    await stage.pass(4_000)
    const later = one.cache.getOrSet('a', () => [stage.versionOf('a')] as const)
    await stage.pass(500)
    await loading.finish()
    expect(await stage.until(later)).toEqual([2])
  },
)

history(
  'R12: a fill under a lease that was evicted is refused, and costs one more load',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    stage.evict('l:a')
    await stage.change(two, 'a')
    expect(await loading.finish()).toBe(1)
    expect(await stage.read(two, 'a')).toBe(2)
    expect(stage.loads).toBe(2)
  },
)

history(
  'R17: the holder of a lease that dies holds up nobody for longer than the lease',
  {},
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    stage.kill(one)
    const waiting = two.cache.getOrSet('a', () => [stage.versionOf('a')] as const)
    await stage.pass(4_900)
    stage.commit('a')
    await stage.pass(400)
    expect(await stage.until(waiting)).toEqual([2])
    void loading.finish().catch(() => undefined)
    await stage.pass(10)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'R18: a holder that was stopped for longer than its lease stores nothing when it goes on',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    one.process.stop()
    await stage.pass(5_100)
    // No call invalidates, so only the lease tells that another value was stored meanwhile.
    stage.commit('a')
    expect(await stage.read(two, 'a')).toBe(2)
    one.process.go()
    expect(await loading.finish()).toBe(1)
    expect(stage.onServer('a')).toBe(2)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R19: a refresh takes a lease like any load, and a deletion voids it',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    await stage.readAll('a')
    const lease = one.store.open('a', { tags: [] })
    const [granted] = await stage.until(one.store.acquire([lease], { freshUpToMs: Infinity }))
    expect(granted).toBe('granted')
    await stage.change(two, 'a')
    expect(await stage.fill(one, lease, 1)).toBe(false)
    expect(await stage.read(two, 'a')).toBe(2)
  },
)

history(
  "R27: a fill without an answer is not kept: what the server did with it is the server's to say",
  {
    without: [
      {
        rule: 'fills without an answer',
        remote: overRemote((remote) => ({
          write: async (ops) => {
            const results = await remote.write(ops)
            if (results.every(({ failure }) => failure === undefined)) return results
            const head = headOf(await remote.heads(), '0')!
            return ops.map(() => ({ ok: true, head, logged: false }))
          },
        })),
      },
    ],
  },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a')
    await stage.change(two, 'a')
    const reply = one.network.hold('reply', 'fill a')
    expect(await loading.finish()).toBe(1)
    reply.lose()
    expect(await stage.kept(one, 'a')).toBe(undefined)
    expect(await stage.read(one, 'a')).toBe(2)
  },
)

history(
  'R30: what is kept as stale is not stored as fresh over what another node has brought',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    const settings = { ttlMs: 1_000, graceMs: 60_000 }
    const put = (version: number) =>
      ({ kind: 'set', key: 'a', stored: stage.stored(one, version), ...settings }) as const
    await stage.until(one.store.write([put(1)]))
    await stage.pass(1_100)
    one.network.hold('message')
    const stale = (await stage.until(one.store.read(['a'], { stale: true }))).get('a')!
    expect(stale.remainingMs).toBeLessThanOrEqual(0)
    const lease = one.store.open('a', { tags: [] })
    expect(await stage.until(one.store.acquire([lease]))).toEqual(['granted'])
    await stage.until(two.store.write([put(2)]))
    expect(await stage.fill(one, lease, 1)).toBe(false)
    expect(stage.onServer('a')).toBe(2)
  },
)

history(
  'a fill after an increment is refused: the increment has voided its lease',
  { without: ['lease'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('n')
    one.network.hold('message')
    const loading = await stage.load(one, 'n')
    expect(await stage.until(two.cache.increment('n', 5))).toBe(5)
    await loading.finish()
    expect(await stage.until(two.cache.increment('n', 1))).toBe(6)
  },
)

history(
  'a load whose lease can not be renewed is shared with nobody who comes later',
  { without: ['lease, failed renewal'] },
  async (stage) => {
    const [one] = stage.players
    stage.commit('a')
    // The loader hangs, and the lease is gone, so the load has no effect.
    const loading = await stage.load(one, 'a')
    stage.evict('l:a')
    await stage.pass(2_000)
    const state: { answer?: unknown } = {}
    void one.cache
      .getOrSet('a', () => [stage.versionOf('a')] as const)
      .then((answer) => {
        state.answer = answer
      })
    await stage.pass(500)
    expect(state.answer).toEqual([1])
    await loading.finish()
  },
)

history(
  'of two fills of one node, the older one does not come back over the newer',
  { without: ['C3b, stamps'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    const older = await stage.load(one, 'a')
    const reply = one.network.hold('reply', 'fill a')
    const finished = older.finish()
    await stage.when(() => reply.count > 0)
    await stage.change(two, 'a')
    const newer = await stage.load(one, 'a')
    void newer.finish()
    await stage.when(() => reply.count > 1)
    // Both were stored, one after the other, and the answers come in the other order.
    reply.letGoReversed()
    await stage.until(finished)
    expect(await stage.kept(one, 'a')).toBe(2)
  },
)

history(
  'a node does not read backwards when an older read comes back after a newer one',
  { without: ['C3b, older reads'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    await stage.set(two, 'a')
    const reply = one.network.hold('reply', 'read a')
    const older = one.cache.get('a')
    await stage.when(() => reply.count > 0)
    await stage.set(two, 'a')
    const newer = one.cache.get('a')
    await stage.when(() => reply.count > 1)
    reply.letGoReversed()
    expect(await stage.until(newer)).toEqual([2])
    expect(await stage.until(older)).toEqual([1])
    expect(await stage.kept(one, 'a')).toBe(2)
  },
)

history('a fill is kept by its node and served without asking anybody', {}, async (stage) => {
  const [one] = stage.players
  await stage.pass(HEARTBEAT_MS)
  stage.commit('a')
  await stage.read(one, 'a')
  expect(await stage.kept(one, 'a')).toBe(1)
})
