import { expect, test } from 'vitest'
import type { SimulatedServer } from '../../../../simulator/server/server.ts'
import { history } from '../history.ts'
import { HEARTBEAT_MS, Stage } from '../stage.ts'

function evict(server: SimulatedServer, ...names: readonly string[]): void {
  for (const name of names) expect(server.evict(() => name)).toBe(name)
}

async function begin(): Promise<Stage> {
  const stage = new Stage(2)
  const [one] = stage.players
  await stage.pass(HEARTBEAT_MS)
  for (const key of ['a', 'b', 'c']) {
    stage.commit(key)
    await stage.change(one, key)
    await stage.readAll(key)
  }
  await stage.pass(10)
  expect(stage.head().counter).toBe(3)
  return stage
}

test('R13: when sequence and log are evicted, a new epoch begins, and what was invalidated meanwhile is flushed', async () => {
  const stage = await begin()
  const [one] = stage.players
  const before = stage.head().epoch
  evict(stage.server, 's:0', 'g:0')
  await stage.change(one, 'a')
  await stage.pass(4 * HEARTBEAT_MS)
  expect(await stage.readAll('a')).toEqual([3, 3])
  const { epoch } = stage.head()
  expect(epoch.ordinal).toBeGreaterThan(before.ordinal)
  expect(epoch.birth).toBe(epoch.ordinal)
})

test('an evicted sequence whose log survives begins anew: nothing of the old log is taken for the new one', async () => {
  const stage = await begin()
  const [one, two] = stage.players
  two.listensTo = undefined
  evict(stage.server, 's:0')
  await stage.change(one, 'a')
  await stage.pass(4 * HEARTBEAT_MS)
  // As many as the old log had, and none that the second node hears.
  for (const key of ['a', 'b', 'c']) await stage.change(one, key)
  await stage.pass(2 * HEARTBEAT_MS)
  expect(await stage.readAll('a')).toEqual([4, 4])
  expect(await stage.readAll('b')).toEqual([3, 3])
  const entries = stage.log()
  expect(new Set(entries.map(({ stamp }) => stamp)).size).toBe(entries.length)
  expect(entries.map(({ item }) => item).slice(-3)).toEqual(['a', 'b', 'c'])
})

history(
  'a sequence that vanishes, with its log or without, removes nothing that was set',
  { without: ['C9, born epochs'] },
  async (stage) => {
    const [one, two] = stage.players
    await stage.pass(HEARTBEAT_MS)
    for (const names of [['s:0'], ['s:0', 'g:0'], ['g:0']]) {
      await stage.set(one, 'a')
      await stage.set(two, 'b')
      stage.evict(...names)
      await stage.pass(4 * HEARTBEAT_MS)
      expect([stage.onServer('a'), stage.onServer('b')]).toEqual([stage.versionOf('a'), stage.versionOf('b')])
    }
  },
)

history(
  'a sequence that vanishes while a node begins removes nothing that was set',
  { without: ['C9, born epochs'] },
  async (stage) => {
    const [one] = stage.players
    await stage.pass(HEARTBEAT_MS)
    await stage.set(one, 'a')
    stage.evict('s:0', 'g:0')
    const late = stage.join()
    await stage.set(late, 'b')
    await stage.pass(4 * HEARTBEAT_MS)
    expect([stage.onServer('a'), stage.onServer('b')]).toEqual([1, 1])
    expect(await stage.read(late, 'a')).toBe(1)
  },
)

// An invalidation that was not logged is in no journal. No node could tell later whether a server has it.
test('an invalidation that nothing was logged of is not replayed when its sequence comes back from the past', async () => {
  const stage = await begin()
  const [one] = stage.players
  const replica = stage.replica()
  evict(stage.server, 's:0', 'g:0')
  await stage.change(one, 'a')
  stage.takeOver(replica)
  stage.reconnectAll()
  await stage.pass(4 * HEARTBEAT_MS)
  expect(await stage.readAll('a')).toEqual([2, 2])
})
