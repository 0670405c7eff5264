import { expect, test } from 'vitest'
import { History } from '../../src/testing/simulation/history.ts'
import { Keyspace } from '../../src/testing/simulation/keyspace.ts'
import { FAULT_MIXES } from '../../src/testing/simulation/mixes.ts'
import { World } from '../../src/testing/simulation/world.ts'

const HALF_A_LOG = 4

function lost(loggedAfter: number): History {
  const server = new Keyspace()
  server.recordInvalidated('a', 3)
  server.recordLogged('0', new Map([['a', 3]]), 's0')
  for (let entry = 0; entry < loggedAfter; entry++) server.recordLogged('0', new Map(), `s${entry + 1}`)
  const history = new History(() => 10, 200, false)
  history.invalidated('a', 3, 'n0', true)
  history.failedOver(
    10,
    () => 0,
    (key, version) => (server.loggedSince(['0'], key, version) ?? 0) >= HALF_A_LOG,
  )
  return history
}

test('what a failover has lost is owed while fewer entries than half a log came after it', () => {
  const history = lost(HALF_A_LOG - 1)
  expect(history.stillLost()).toEqual([['a', 3]])
  expect(history.latest('a', history.born(false))).toBe(3)
})

test('what a failover has lost is owed by nobody when half a log came after it', () => {
  const history = lost(HALF_A_LOG)
  expect(history.stillLost()).toEqual([])
  expect(history.latest('a', history.born(false))).toBe(0)
})

test('the entries since an invalidation are counted from the last one that stands for its version', () => {
  const server = new Keyspace()
  let stamps = 0
  const log = (...versions: readonly [string, number][]): void =>
    server.recordLogged('0', new Map(versions), `s${++stamps}`)
  expect(server.loggedSince(['0'], 'a', 1)).toBe(undefined)
  log(['a', 3])
  log(['b', 1])
  // The replay of an older one does not stand for the newer one.
  log(['a', 2])
  expect(server.loggedSince(['0', '1'], 'a', 3)).toBe(2)
  expect(server.loggedSince(['0', '1'], 'a', 4)).toBe(undefined)
  server.recordLogged('1', new Map([['a', 4]]), 'other')
  expect(server.loggedSince(['0', '1'], 'a', 3)).toBe(0)
  expect(new Keyspace(server).loggedSince(['0'], 'a', 3)).toBe(2)
})

test('an invalidation that was refused for something newer is not lost', async () => {
  // In these worlds a set for version 59 comes when a load has stored version 60, and nothing invalidates the key again.
  for (const policy of ['strict', 'available'] as const) {
    const report = await new World({
      seed: 4300,
      faults: FAULT_MIXES['slow lines']!,
      policy,
      extended: true,
    }).run()
    expect(report.violations).toEqual([])
  }
})
