import { expect, test } from 'vitest'
import { FAULT_MIXES } from '../../../simulator/world/mixes.ts'
import { NO_FAULTS } from '../../../simulator/machine/network.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { Replication } from '../../../simulator/server/replication.ts'
import { SimulatedServer } from '../../../simulator/server/server.ts'
import { EventLoop } from '../../../simulator/machine/event-loop.ts'
import { World } from '../../../simulator/world/world.ts'
import { Stage } from '../histories/stage.ts'

const SEEDS = Number(process.env['CACHETTE_SIMULATION_SEEDS'] ?? 25)
test('what a promotion loses is replayed within half a second of the last reconnection', async () => {
  let lost = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await new World({ seed, faults: FAULT_MIXES['promotions']!, policy: 'strict' }).run()
    expect(report.slowestReplayMs, `seed ${seed}`).toBeLessThan(500)
    lost += report.lost
  }
  expect(lost).toBeGreaterThan(0)
}, 180_000)

test('a prefix that was scanned on one server and would be logged on another is not acknowledged', async () => {
  const stage = new Stage(1)
  const [{ cache }] = stage.players
  await stage.pass(10)
  stage.commit('a')
  await stage.readAll('a')
  const replica = stage.replica()
  const deleting = cache.deleteByPrefix('a')
  await stage.pass(7)
  stage.takeOver(replica)
  stage.reconnectAll()
  expect(await stage.until(deleting)).toBe(undefined)
})

test('a promoted replica has what had reached it, and a script never by half', async () => {
  const loop = new EventLoop()
  const faults = { ...NO_FAULTS, replicas: 1, replicaLagMs: [10, 10] } as const
  const replication = new Replication(
    loop,
    new SeededRandom(1),
    faults,
    (id, items) =>
      new SimulatedServer({
        id,
        items,
        now: () => loop.now(),
        partitions: 1,
        logLimit: 10,
        publish: () => {},
      }),
  )
  const { primary } = replication
  primary.sync('0', undefined, { ordinal: 1, random: 'one' })
  await loop.runUntil(5)
  primary.write({ kind: 'set', key: 'a', text: '1', ttlMs: 1_000 })
  await loop.runUntil(20)
  primary.write({ kind: 'set', key: 'b', text: '1', ttlMs: 1_000 })
  await loop.runUntil(25)
  replication.promote(() => 0, false)
  expect(replication.primary.names().toSorted()).toEqual(['g:0', 's:0', 'v:a'])
  expect(replication.primary.heads().get('0')?.counter).toBe(1)
  expect(primary.down).toBe(true)
})
