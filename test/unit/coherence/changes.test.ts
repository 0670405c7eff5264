import { expect, test } from 'vitest'
import { coherentStore } from '../../../src/coherence/compose.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'

test('a step whose counter changes its tags too often holds back no later invalidation', async () => {
  const clock = new FakeClock()
  const fleet = new InstantFleet(clock)
  const remote = fleet.remote()
  const write = remote.write.bind(remote)
  remote.write = async (ops, withinMs) =>
    ops[0]?.kind === 'increment' ? [{ ok: false, differs: true }] : write(ops, withinMs)
  const store = coherentStore({ remote, bus: fleet.bus }, { clock })

  await expect(store.write([{ kind: 'increment', key: 'n', by: 1, ttlMs: 1_000 }])).rejects.toThrow(
    'the tags of an entry change too often',
  )
  fleet.isAway = true
  expect(await store.invalidate(['a'], [])).toMatchObject({ l2: 'queued' })
  fleet.isAway = false
  await clock.advance('2s')
  expect(store.pending.outbox).toBe(0)
  await store.close()
})

test('an add without an answer queues nothing, because it may have met the value of another process', async () => {
  const clock = new FakeClock()
  const fleet = new InstantFleet(clock)
  const store = coherentStore({ remote: fleet.remote(), bus: fleet.bus }, { clock })
  const { stored } = store.admit('mine')
  fleet.isAway = true
  const add = { kind: 'add', key: 'a', stored: stored!, ttlMs: 1_000 } as const
  await expect(store.write([add])).rejects.toThrow()
  expect(store.pending.outbox).toBe(0)

  expect(await store.invalidate(['a'], [])).toMatchObject({ l2: 'queued' })
  expect(await store.write([add])).toMatchObject([{ ok: false, unavailable: true }])
  expect(store.pending.outbox).toBe(1)
  fleet.isAway = false
  expect(await store.write([add])).toMatchObject([{ ok: true }])
  expect(store.pending.outbox).toBe(0)
  expect(await store.write([add])).toMatchObject([{ ok: false, present: true }])
  await store.close()
})
