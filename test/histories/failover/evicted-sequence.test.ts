import { expect, test } from 'vitest'
import type { SimulatedServer } from '../../../src/testing/simulation/server.ts'
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
  expect(stage.head().epoch.ordinal).toBe(before.ordinal + 1)
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

test('an unlogged invalidation is replayed when its sequence comes back from the past', async () => {
  const stage = await begin()
  const [one] = stage.players
  const replica = stage.replica()
  evict(stage.server, 's:0', 'g:0')
  await stage.change(one, 'a')
  stage.takeOver(replica)
  stage.reconnectAll()
  await stage.pass(4 * HEARTBEAT_MS)
  expect(await stage.readAll('a')).toEqual([3, 3])
})
