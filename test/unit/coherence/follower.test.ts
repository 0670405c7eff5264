import { beforeEach, describe, expect, test } from 'vitest'
import { ageClock } from '../../../src/core/time/age-clock.ts'
import { SuspendedClock } from '../../support/suspended-clock.ts'
import { LogFollower, type LogFollowerEffects } from '../../../src/coherence/log/log-follower.ts'
import { RecentInvalidations } from '../../../src/coherence/log/recent-invalidations.ts'
import { PartitionState } from '../../../src/coherence/partition-state.ts'
import type { Clock } from '../../../src/core/time/clock.ts'
import type { Epoch, Head, LogEntry, Message } from '../../../src/core/remote/log.ts'
import { FakeClock } from '../../../src/testing/fake-clock.ts'

const EPOCH: Epoch = { ordinal: 1, random: 'one', birth: 1 }
let clock: FakeClock
let calls: string[]
let follower: LogFollower
let effects: LogFollowerEffects

function head(counter: number, stamp: string): Head {
  return { epoch: EPOCH, counter, stamp }
}

function entry(counter: number, stamp: string, previous: string): LogEntry {
  return { counter, stamp, previous, kind: 'key', item: `key ${stamp}` }
}

function message(counter: number, stamp: string, previous: string): Message {
  return { ...entry(counter, stamp, previous), partition: '0', epoch: EPOCH }
}

function follow(over: Clock): LogFollower {
  const ages = ageClock(over)
  const journal = new RecentInvalidations(ages, 60_000, 10)
  return new LogFollower(new PartitionState('0', ages), ages, journal, effects)
}

beforeEach(() => {
  clock = new FakeClock()
  calls = []
  effects = {
    forget: ({ kind, item }) =>
      calls.push(kind === 'all' ? 'flush' : `drop ${kind === 'tag' ? 'tag ' : ''}${item}`),
    sync: (since) => calls.push(`sync ${since?.counter}`),
    rotate: (seen, ordinal) => calls.push(`rotate ${seen.ordinal} ${ordinal}`),
    rotated: (adopted, won) => calls.push(`follows ${adopted.epoch.random}, ${won ? 'won' : 'not won'}`),
  }
  follower = follow(clock)
  follower.startSync()
  follower.onSync({ head: head(5, 'e'), entries: [] })
  calls.length = 0
})

test('a complete reply that messages have overtaken tells that nothing was missing when it was asked for', async () => {
  await clock.advance('1s')
  follower.startSync()
  await clock.advance('500ms')
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(7, 'g', 'f'))
  follower.onSync({ head: head(6, 'f'), entries: [entry(6, 'f', 'e')] })
  expect(calls).toEqual(['sync 5', 'drop key f', 'drop key g'])
  expect(follower.partition.applied).toEqual(head(7, 'g'))
  expect(follower.partition.syncAgeMs).toBe(500)
})

test('a reply is compared with the messages applied since it was asked for: another entry of the same number is another history', () => {
  follower.startSync()
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(7, 'g', 'f'))
  const entries = [entry(6, 'F', 'e'), entry(7, 'G', 'F')]
  follower.onSync({ head: head(7, 'G'), entries })
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('only a sync moves what is applied over a gap', () => {
  follower.onMessage(message(7, 'g', 'f'))
  expect(follower.partition.applied).toEqual(head(5, 'e'))
  expect(calls).toEqual(['drop key g', 'sync 5'])
})

test('a late message drops its key and lowers nothing', () => {
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(3, 'c', 'b'))
  expect(follower.partition.applied).toEqual(head(6, 'f'))
  expect(calls).toEqual(['drop key f', 'drop key c'])
})

test.each([
  ['no entries', []],
  ['entries with a hole before them', [entry(8, 'h', 'g')]],
])(
  'of a log that is ahead and does not reach back (%s) it adopts the head, and writes nothing',
  (_, entries) => {
    follower.startSync()
    follower.onMessage(message(6, 'f', 'e'))
    follower.onMessage(message(9, 'i', 'h'))
    follower.onSync({ head: head(8, 'h'), entries })
    expect(calls).toEqual(['sync 5', 'drop key f', 'drop key i', 'flush', 'sync 8'])
    expect(follower.partition.applied).toEqual(head(8, 'h'))
  },
)

test('a log that was trimmed while messages brought all of it has nothing new', () => {
  follower.startSync()
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(7, 'g', 'f'))
  follower.onSync({ head: head(7, 'g'), entries: [] })
  expect(calls).toEqual(['sync 5', 'drop key f', 'drop key g'])
})

test('another stamp under the counter that it has applied is another history', () => {
  follower.startSync()
  follower.onSync({ head: head(6, 'f'), entries: [entry(6, 'f', 'E')] })
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('a lower counter in the same epoch is another history', () => {
  follower.startSync()
  follower.onSync({ head: head(4, 'd'), entries: [] })
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('of a higher ordinal it adopts what it finds, writes nothing, and replays only into a rotated epoch', () => {
  const rotated = { epoch: { ordinal: 2, random: 'two', birth: 1 }, counter: 1, stamp: 'z' }
  follower.startSync()
  follower.onSync({ head: rotated, entries: [] })
  expect(calls).toEqual(['sync 5', 'flush', 'follows two, not won'])
  expect(follower.partition.applied).toEqual(rotated)
  calls.length = 0
  const born = { epoch: { ordinal: 3, random: 'three', birth: 3 }, counter: 0, stamp: '' }
  follower.startSync()
  follower.onSync({ head: born, entries: [] })
  expect(calls).toEqual(['sync 1', 'flush'])
  expect(follower.partition.applied).toEqual(born)
})

test.each([
  ['a lower one', { ordinal: 0, random: 'zero', birth: 0 }],
  ['an equal one of another random', { ordinal: 1, random: 'other', birth: 1 }],
])('for %s it writes an epoch above both', (_, epoch) => {
  follower.startSync()
  follower.onSync({ head: { epoch, counter: 5, stamp: 'e' }, entries: [] })
  expect(calls.at(-1)).toBe(`rotate ${epoch.ordinal} 2`)
})

test('a message of a newer epoch that the server, asked later, does not know is missed there', async () => {
  follower.onMessage({ ...message(6, 'f', 'e'), epoch: { ordinal: 2, random: 'lost', birth: 1 } })
  follower.onSync({ head: head(5, 'e'), entries: [] })
  expect(calls).toEqual(['drop key f', 'sync 5'])
  await clock.advance('1s')
  follower.startSync()
  follower.onSync({ head: head(5, 'e'), entries: [] })
  expect(calls.at(-1)).toBe('rotate 1 3')
})

test('what a node wrote before its first sync, and the server has lost since, is missed there', async () => {
  const made = follow(clock)
  made.onExecuted({ kind: 'key', item: 'early' }, head(7, 'g'))
  await clock.advance('1s')
  made.startSync()
  made.onSync({ head: head(5, 'e'), entries: [] })
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('a sequence that is gone is asked for again, once', () => {
  follower.onHead(undefined, clock.now())
  follower.onNoSequence()
  expect(calls).toEqual(['sync 5'])
})

test('sequence and log are renewed by a sync once an hour, and what is current is not asked for otherwise', async () => {
  await clock.advance('59m')
  follower.onHead(head(5, 'e'), clock.now())
  expect(calls).toEqual([])
  await clock.advance('1m')
  follower.onHead(head(5, 'e'), clock.now())
  expect(calls).toEqual(['sync 5'])
  follower.onSync({ head: head(5, 'e'), entries: [] })
  await clock.advance('30m')
  follower.onHead(head(5, 'e'), clock.now())
  expect(calls).toEqual(['sync 5'])
})

describe('it has something to lose', () => {
  test('while it keeps entries', async () => {
    expect(follower.isAtStake).toBe(false)
    follower.partition.keeps(10_000, true)
    follower.partition.keeps(5_000, false)
    expect(follower.isAtStake).toBe(true)
    follower.partition.dropped()
    expect(follower.isAtStake).toBe(false)
    follower.partition.keeps(10_000, true)
    await clock.advance('10s')
    expect(follower.isAtStake).toBe(false)
    follower.partition.keeps(Infinity, true)
    expect(follower.isAtStake).toBe(true)
    follower.partition.flushed(1)
    expect(follower.isAtStake).toBe(false)
  })

  test('while it journals what was invalidated', async () => {
    follower.onMessage(message(6, 'f', 'e'))
    expect(follower.isAtStake).toBe(true)
    await clock.advance('61s')
    expect(follower.isAtStake).toBe(false)
  })

  test('while it has seen more than it has applied', () => {
    follower.onSeen(head(7, 'g'))
    expect(follower.isAtStake).toBe(true)
  })

  test('while a sync is owed', () => {
    follower.startSync()
    follower.onSyncFailed()
    expect(follower.isAtStake).toBe(true)
    follower.startSync()
    follower.onSync({ head: head(5, 'e'), entries: [] })
    expect(follower.isAtStake).toBe(false)
  })

  test('while somebody else has won with an epoch that it does not know yet', () => {
    follower.startSync()
    follower.onSync({ head: head(4, 'd'), entries: [] })
    follower.onRotated({ won: false, head: head(4, 'd') })
    expect(follower.isAtStake).toBe(true)
  })
})

test('the message of an invalidated tag that this node has been answered for drops nothing that came after', () => {
  const tagged: Message = { ...message(6, 'f', 'e'), kind: 'tag', item: 't' }
  follower.onExecuted({ kind: 'tag', item: 't' }, head(6, 'f'))
  follower.onMessage(tagged)
  expect(calls).toEqual([])
  expect(follower.partition.applied).toEqual(head(6, 'f'))
  // A replay gives the tag another generation.
  follower.onMessage({ ...message(7, 'g', 'f'), kind: 'tag', item: 't', origin: 'f' })
  expect(calls).toEqual(['drop tag t'])
})

test('is unsynced after a suspension of the machine until it was asked again', () => {
  const machine = new SuspendedClock()
  const sleeper = follow(machine)
  sleeper.startSync()
  sleeper.onSync({ head: head(5, 'e'), entries: [] })
  expect(sleeper.partition.isSynced(60_000)).toBe(true)
  machine.suspend(900)
  expect(sleeper.partition.isSynced(60_000)).toBe(true)
  machine.suspend(900)
  expect(sleeper.partition.isSynced(60_000)).toBe(false)
  sleeper.onHead(head(5, 'e'), ageClock(machine).now() - 1)
  expect(sleeper.partition.isSynced(60_000)).toBe(false)
  sleeper.onHead(head(5, 'e'), ageClock(machine).now())
  expect(sleeper.partition.isSynced(60_000)).toBe(true)
})
