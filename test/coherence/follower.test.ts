import { beforeEach, expect, test } from 'vitest'
import { ageClock } from '../../src/core/age-clock.ts'
import { SuspendedClock } from '../support/suspended-clock.ts'
import { Follower, type FollowerEffects } from '../../src/coherence/follower.ts'
import { Journal } from '../../src/coherence/journal.ts'
import type { Epoch, Head, LogEntry, Message } from '../../src/core/remote-store.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'

const EPOCH: Epoch = { ordinal: 1, random: 'one' }
let clock: FakeClock
let calls: string[]
let follower: Follower
let effects: FollowerEffects

function head(counter: number, stamp: string): Head {
  return { epoch: EPOCH, counter, stamp }
}

function entry(counter: number, stamp: string, previous: string): LogEntry {
  return { counter, stamp, previous, kind: 'key', item: `key ${stamp}` }
}

function message(counter: number, stamp: string, previous: string): Message {
  return { ...entry(counter, stamp, previous), partition: '0', epoch: EPOCH }
}

beforeEach(() => {
  clock = new FakeClock()
  calls = []
  effects = {
    drop: (key) => calls.push(`drop ${key}`),
    dropPrefix: (prefix) => calls.push(`drop all ${prefix}`),
    dropTag: (tag) => calls.push(`drop tag ${tag}`),
    flush: () => calls.push('flush'),
    sync: (since) => calls.push(`sync ${since?.counter}`),
    rotate: (seen, ordinal) => calls.push(`rotate ${seen.ordinal} ${ordinal}`),
    adopted: (adopted, won) => calls.push(`adopted ${adopted.epoch.random}, ${won ? 'won' : 'not won'}`),
  }
  follower = new Follower(clock, new Journal(clock, 60_000, 10), effects)
  follower.startSync()
  follower.onSync({ head: head(5, 'e'), entries: [], diverged: false }, false)
  calls.length = 0
})

test('a complete reply that messages have overtaken tells that nothing was missing when it was asked for', async () => {
  await clock.advance('1s')
  follower.startSync()
  await clock.advance('500ms')
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(7, 'g', 'f'))
  follower.onSync({ head: head(6, 'f'), entries: [entry(6, 'f', 'e')], diverged: false }, false)
  expect(calls).toEqual(['sync 5', 'drop key f', 'drop key g'])
  expect(follower.applied).toEqual(head(7, 'g'))
  expect(follower.syncAgeMs).toBe(500)
})

test('a reply is compared with the messages applied since it was asked for: another entry of the same number is another history', () => {
  follower.startSync()
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(7, 'g', 'f'))
  const entries = [entry(6, 'F', 'e'), entry(7, 'G', 'F')]
  follower.onSync({ head: head(7, 'G'), entries, diverged: false }, false)
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('only a sync moves what is applied over a gap', () => {
  follower.onMessage(message(7, 'g', 'f'))
  expect(follower.applied).toEqual(head(5, 'e'))
  expect(calls).toEqual(['drop key g', 'sync 5'])
})

test('a late message drops its key and lowers nothing', () => {
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(3, 'c', 'b'))
  expect(follower.applied).toEqual(head(6, 'f'))
  expect(calls).toEqual(['drop key f', 'drop key c'])
})

test('a reply with a hole after what was sent is another history, however much of it was heard', () => {
  follower.startSync()
  follower.onMessage(message(6, 'f', 'e'))
  follower.onSync({ head: head(7, 'g'), entries: [entry(7, 'g', 'f')], diverged: false }, false)
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('of a higher ordinal it adopts what it finds, and writes nothing', () => {
  const newer = { epoch: { ordinal: 2, random: 'two' }, counter: 1, stamp: 'z' }
  follower.startSync()
  follower.onSync({ head: newer, entries: [], diverged: false }, false)
  expect(calls).toEqual(['sync 5', 'flush', 'adopted two, not won'])
  expect(follower.applied).toEqual(newer)
})

test.each([
  ['a lower one', { ordinal: 0, random: 'zero' }],
  ['an equal one of another random', { ordinal: 1, random: 'other' }],
])('for %s it writes an epoch above both', (_, epoch) => {
  follower.startSync()
  follower.onSync({ head: { epoch, counter: 5, stamp: 'e' }, entries: [], diverged: false }, false)
  expect(calls.at(-1)).toBe(`rotate ${epoch.ordinal} 2`)
})

test('a message of a newer epoch that the server, asked later, does not know is missed there', async () => {
  follower.onMessage({ ...message(6, 'f', 'e'), epoch: { ordinal: 2, random: 'lost' } })
  follower.onSync({ head: head(5, 'e'), entries: [], diverged: false }, false)
  expect(calls).toEqual(['drop key f', 'sync 5'])
  await clock.advance('1s')
  follower.startSync()
  follower.onSync({ head: head(5, 'e'), entries: [], diverged: false }, false)
  expect(calls.at(-1)).toBe('rotate 1 3')
})

test('what a node wrote before its first sync is on the server, and is not replayed', async () => {
  const made = new Follower(clock, new Journal(clock, 60_000, 10), effects)
  made.startSync()
  const sentAtMs = clock.now()
  await clock.advance(10)
  made.onUnlogged({ kind: 'key', item: 'early' }, 'node!1', sentAtMs)
  made.onSync({ head: head(0, '='), entries: [], diverged: false }, true)
  // The answer to what was sent at the same time may be looked at later.
  made.onUnlogged({ kind: 'key', item: 'as early' }, 'node!2', sentAtMs)
  made.onSync({ head: head(0, '='), entries: [], diverged: false }, false)
  expect(calls.filter((call) => !call.startsWith('sync'))).toEqual(['flush'])
})

test('what a node wrote before its first sync, on a server that another has replaced, is replayed', () => {
  const made = new Follower(clock, new Journal(clock, 60_000, 10), effects)
  made.startSync()
  made.onUnlogged({ kind: 'key', item: 'early' }, 'node!1', clock.now())
  made.onReconnect()
  made.onSync({ head: head(0, '='), entries: [], diverged: false }, true)
  expect(calls).toContain('adopted one, won')
})

test('a sequence that is gone after it was adopted is noticed', async () => {
  await clock.advance('1s')
  follower.onHead(undefined, clock.now())
  await clock.advance('1s')
  follower.onSync({ head: head(5, 'e'), entries: [], diverged: false }, false)
  follower.onHead(head(5, 'e'), clock.now())
  await clock.advance('1s')
  follower.onSync({ head: head(5, 'e'), entries: [], diverged: false }, false)
  expect(calls.at(-1)).toBe('rotate 1 2')
})

test('an own operation that was logged below what was applied when it was sent is of another history', async () => {
  follower.onMessage(message(6, 'f', 'e'))
  follower.onMessage(message(7, 'g', 'f'))
  await clock.advance('1s')
  follower.onExecuted({ kind: 'key', item: 'own' }, head(4, 'D'), clock.now())
  follower.onSyncFailed()
  await clock.advance('1s')
  follower.onHead(head(7, 'g'), clock.now())
  follower.onSync({ head: head(7, 'g'), entries: [], diverged: false }, false)
  expect(calls.slice(2)).toEqual(['sync 7', 'sync 7', 'rotate 1 2'])
})

test('an own operation that messages have overtaken is of the same history', async () => {
  // This one was sent before the node began to follow.
  follower.onExecuted({ kind: 'key', item: 'early' }, head(4, 'd'), clock.now() - 1)
  const sentAtMs = clock.now()
  await clock.advance('1s')
  let previous = 'e'
  for (let counter = 6; counter <= 300; counter++) {
    follower.onMessage(message(counter, `s${counter}`, previous))
    previous = `s${counter}`
  }
  calls.length = 0
  for (let counter = 6; counter <= 300; counter++)
    follower.onExecuted({ kind: 'key', item: 'own' }, head(counter, `s${counter}`), sentAtMs)
  follower.onHead(head(300, 's300'), clock.now())
  expect(calls).toEqual([])
})

test('the message of an invalidated tag that this node has been answered for drops nothing that came after', () => {
  const tagged: Message = { ...message(6, 'f', 'e'), kind: 'tag', item: 't' }
  follower.onExecuted({ kind: 'tag', item: 't' }, head(6, 'f'), clock.now())
  follower.onMessage(tagged)
  expect(calls).toEqual([])
  expect(follower.applied).toEqual(head(6, 'f'))
  // A replay gives the tag another generation.
  follower.onMessage({ ...message(7, 'g', 'f'), kind: 'tag', item: 't', origin: 'f' })
  expect(calls).toEqual(['drop tag t'])
})

test('is unsynced after a suspension of the machine until it was asked again', () => {
  const machine = new SuspendedClock()
  const sleeper = new Follower(machine, new Journal(machine, 60_000, 10), effects)
  sleeper.startSync()
  sleeper.onSync({ head: head(5, 'e'), entries: [], diverged: false }, false)
  expect(sleeper.isSynced(60_000)).toBe(true)
  machine.suspend(900)
  expect(sleeper.isSynced(60_000)).toBe(true)
  machine.suspend(900)
  expect(sleeper.isSynced(60_000)).toBe(false)
  sleeper.onHead(head(5, 'e'), ageClock(machine).now() - 1)
  expect(sleeper.isSynced(60_000)).toBe(false)
  sleeper.onHead(head(5, 'e'), ageClock(machine).now())
  expect(sleeper.isSynced(60_000)).toBe(true)
})
