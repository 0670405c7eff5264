// Tags and namespaces: an entry bears the generations that its tags had when its load or set began.
import { expect } from 'vitest'
import { InFlight } from '../../../src/coherence/in-flight.ts'
import { GenerationTable } from '../../../src/coherence/tags/generation-table.ts'
import type { Op } from '../../../src/core/store.ts'
import { replaced } from '../simulation/ablations/switches.ts'
import { history } from './history.ts'
import { HEARTBEAT_MS, overRemote } from './stage.ts'

const T = { tags: ['t'] }
const HOUR_MS = 3_600_000

history(
  'R11: an evicted generation makes entries invisible, and never visible',
  { without: ['C7, missing records'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('a')
    await stage.readAll('a', T)
    stage.commit('a')
    await stage.until(one.cache.invalidateTag('t'))
    stage.evict('t:t')
    await stage.pass(3 * HEARTBEAT_MS)
    expect(await stage.get(two, 'a')).toBe(undefined)
    expect(await stage.readAll('a', T)).toEqual([2, 2])
    // A new eviction makes a valid entry invisible, which costs a load.
    stage.evict('t:t')
    expect(await stage.get(stage.join(), 'a')).toBe(undefined)
  },
)

history(
  'R14: whatever the clocks of the hosts show, a load that began before its tag was invalidated is not seen after',
  { wallAheadMs: [-HOUR_MS, HOUR_MS], without: ['C7, before the load'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a', T)
    stage.commit('a')
    await stage.until(two.cache.invalidateTag('t'))
    expect(await loading.finish()).toBe(1)
    expect(await stage.read(two, 'a', T)).toBe(2)
  },
)

history(
  'R15: a load and an invalidation of its tag in one and the same moment leave nothing old',
  { delayMs: 0, without: ['C7, before the load'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    one.network.hold('message')
    stage.commit('a')
    const loading = await stage.load(one, 'a', T)
    stage.commit('a')
    const invalidated = two.cache.invalidateTag('t')
    await stage.pass(0)
    const finished = loading.finish()
    await stage.pass(0)
    await stage.until(Promise.all([invalidated, finished]))
    expect(await stage.read(two, 'a', T)).toBe(2)
  },
)

history(
  'R23: a set that began before a clear is not seen after it',
  {
    without: [
      {
        rule: 'C7, before the set',
        remote: overRemote((remote) => ({
          write: async (ops) => {
            const results = await remote.write(ops)
            const late = ops.map(async (op) => {
              if (op.kind !== 'set' || op.generations === undefined) return op
              const tags = op.generations.map(({ tag }) => tag)
              const records = await remote.generations(
                tags,
                tags,
                tags.map(() => 60_000),
              )
              return { ...op, generations: tags.map((tag, at) => ({ tag, value: records[at]!.value })) }
            })
            await remote.write(await Promise.all(late))
            return results
          },
        })),
      },
    ],
  },
  async (stage) => {
    const [one, two] = stage.players
    const [space, other] = [one, two].map(({ cache }) => cache.namespace('s'))
    await stage.until(space!.set('b', [0]))
    one.network.hold('message')
    const request = one.network.hold('request', 'set s:a')
    const setting = space!.set('a', [1])
    await stage.when(() => request.count > 0)
    expect(await stage.until(other!.clear())).toBe(true)
    request.letGo()
    await stage.until(setting)
    expect(await stage.until(other!.get('a'))).toBe(undefined)
  },
)

history(
  'setTags racing invalidateTag: a load that names its tag after that was invalidated is stored nowhere',
  { without: ['named tags'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.until(one.cache.set('b', [0], T))
    await stage.pass(HEARTBEAT_MS)
    const lease = one.store.open('a')
    expect(await stage.until(one.store.acquire([lease]))).toEqual(['granted'])
    stage.commit('a')
    one.network.hold('message')
    await stage.until(two.cache.invalidateTag('t'))
    expect(await stage.fill(one, lease, 0, ['t'])).toBe(false)
    expect(stage.onServer('a')).toBe(undefined)
    expect(await stage.get(two, 'a')).toBe(undefined)
  },
)

history('a load that names tags of which nothing was heard is stored with them', {}, async (stage) => {
  const [one, two] = stage.players
  await stage.until(one.cache.set('b', [0], T))
  await stage.pass(HEARTBEAT_MS)
  const lease = one.store.open('a')
  await stage.until(one.store.acquire([lease]))
  expect(await stage.fill(one, lease, 1, ['t'])).toBe(true)
  expect(await stage.get(two, 'a')).toBe(1)
  await stage.until(two.cache.invalidateTag('t'))
  await stage.pass(10)
  expect([await stage.get(one, 'a'), await stage.get(two, 'a')]).toEqual([undefined, undefined])
})

history(
  'a tag that was invalidated with keepStale leaves what has grace stale on every node',
  {
    without: [
      {
        rule: 'soft generations',
        patch: replaced(GenerationTable, 'agrees', () => () => 'fresh'),
      },
    ],
  },
  async (stage) => {
    const [one, two] = stage.players
    const op: Op = {
      kind: 'set',
      key: 'a',
      stored: stage.stored(one, 1),
      ttlMs: HOUR_MS,
      graceMs: HOUR_MS,
      ...T,
    }
    await stage.until(one.store.write([op]))
    expect(await stage.get(two, 'a')).toBe(1)
    await stage.until(one.store.invalidate([], ['t'], { keepStale: true }))
    await stage.pass(10)
    for (const node of [one, two]) {
      expect(await stage.get(node, 'a')).toBe(undefined)
      const stale = await stage.until(node.store.read(['a'], { stale: true }))
      expect(stale.get('a')?.remainingMs).toBeLessThanOrEqual(0)
    }
  },
)

history(
  'a set that sends a queued tag first is seen after that',
  {
    without: [
      {
        rule: 'the invalidation that a set has sent first came before it',
        patch: replaced(
          InFlight,
          'killTagged',
          (kill) =>
            function killAny(this: InFlight, tag, stamp = '') {
              return kill.call(this, tag, stamp)
            },
        ),
      },
      {
        rule: 'so did its message',
        patch: replaced(InFlight, 'wasEarlier', () => () => undefined),
      },
    ],
  },
  async (stage) => {
    const [one, two] = stage.players
    const request = one.network.hold('request', 'invalidate tags')
    expect(await stage.until(one.cache.invalidateTag('t'))).toMatchObject({ l2: 'queued' })
    request.lose()
    // The message of the invalidation comes before the answer.
    const answer = one.network.hold('reply', 'invalidate tags')
    const setting = one.cache.set('a', [2], T)
    await stage.when(() => answer.count > 0)
    await stage.pass(5)
    answer.letGo()
    expect(await stage.until(setting)).toBe(true)
    expect(await stage.get(one, 'a')).toBe(2)
    expect(await stage.get(two, 'a')).toBe(2)
  },
)

history(
  'a set that sends a queued tag first is not seen if another node invalidates the tag meanwhile',
  {},
  async (stage) => {
    const [one, two] = stage.players
    const request = one.network.hold('request', 'invalidate tags')
    expect(await stage.until(one.cache.invalidateTag('t'))).toMatchObject({ l2: 'queued' })
    request.lose()
    const answer = one.network.hold('reply', 'invalidate tags')
    const setting = one.cache.set('a', [2], T)
    await stage.when(() => answer.count > 0)
    expect(await stage.until(two.cache.invalidateTag('t'))).toMatchObject({ l2: 'acked' })
    answer.letGo()
    await stage.until(setting)
    expect(await stage.get(one, 'a')).toBe(undefined)
    expect(await stage.get(two, 'a')).toBe(undefined)
  },
)

history(
  'a queued tag that another node invalidates meanwhile: what was loaded under the queue is not seen with a token',
  { without: ['outbox, newer tags'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.until(one.cache.set('b', [0], T))
    await stage.pass(HEARTBEAT_MS)
    const allowed = one.network.refuse('invalidate t')
    expect((await stage.until(one.cache.invalidateTag('t'))).l2).toBe('queued')
    stage.commit('a')
    expect(await stage.read(one, 'a', T)).toBe(1)
    expect(await stage.kept(one, 'a')).toBe(1)
    stage.commit('a')
    const { token } = await stage.until(two.cache.invalidateTag('t'))
    await stage.pass(10)
    expect(await stage.get(one, 'a', { after: token })).not.toBe(1)
    allowed()
  },
)
