import { describe, expect, test } from 'vitest'
import { AnswerWatch } from '../../../simulator/judge/answer-watch.ts'
import { DutyWatch } from '../../../simulator/judge/duty-watch.ts'
import { History, type Violation } from '../../../simulator/judge/history.ts'
import { Keyspace } from '../../../simulator/server/keyspace.ts'
import { LeaseWatch } from '../../../simulator/judge/lease-watch.ts'
import { FAULT_MIXES } from '../../../simulator/world/mixes.ts'
import { World } from '../../../simulator/world/world.ts'
import { ABLATIONS, runWithout, withRule } from './ablations/index.ts'

/** The content of a server when it is judged. */
interface Played {
  readonly version?: number
  readonly isSet?: boolean
  readonly settledMs?: number
  readonly isHeldBack?: boolean
  readonly isGone?: boolean
  readonly agrees?: boolean
  readonly remainingMs?: number
  readonly graceMs?: number
}

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
  // The replay of an older invalidation does not stand for the newer one.
  log(['a', 2])
  expect(server.loggedSince(['0', '1'], 'a', 3)).toBe(2)
  expect(server.loggedSince(['0', '1'], 'a', 4)).toBe(undefined)
  server.recordLogged('1', new Map([['a', 4]]), 'other')
  expect(server.loggedSince(['0', '1'], 'a', 3)).toBe(0)
  expect(new Keyspace(server).loggedSince(['0'], 'a', 3)).toBe(2)
})

test('an invalidation that was refused for something newer is not lost', async () => {
  // In these worlds a set for version 59 comes when a load has stored version 60, and no call invalidates the key
  // again.
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

describe('I18, what a node has answered for', () => {
  // The server has this version of the key, by a load or by a `set` that has ended.
  function judged({ version = 2, isSet = false, isHeldBack = false, ...found }: Played): readonly string[] {
    let nowMs = 0
    const history = new History(() => nowMs, 200, false)
    const duties = new DutyWatch(history)
    const origin = history.born(isSet)
    nowMs = 10
    if (isSet) history.settled(origin, found.settledMs ?? nowMs)
    duties.answered('n0', 'a', { version: 2, beganMs: 20 })
    duties.answered('n0', 'a', { version: 3, beganMs: 30 })
    const { remainingMs = 100, graceMs, agrees = true } = found
    const entry = { text: JSON.stringify([version, origin]), remainingMs, graceMs }
    const server = { read: () => (found.isGone === true ? undefined : entry), agrees: () => agrees }
    for (const node of ['n0', 'n1', 'n0']) duties.judge(node, server, () => isHeldBack)
    return history.violations.map(({ invariant, message }) => `${invariant}: ${message}`)
  }

  test('is violated once by what is older, and visible, and not taken for absent', () => {
    const message = 'I18: n0 lets version 2 of a pass; it had answered for 3'
    expect(judged({})).toEqual([message])
    // A `set` that had ended before is replaced.
    expect(judged({ isSet: true })).toEqual([message])
  })

  test.each<readonly [string, Played]>([
    ['the node takes it for absent', { isHeldBack: true }],
    ['the server has nothing', { isGone: true }],
    ['the server has what is as new', { version: 3 }],
    ['what it has is stale', { remainingMs: 100, graceMs: 100 }],
    ['what it has is hidden by a tag', { agrees: false }],
    ['it was set, and its answer was lost: it may have landed later', { isSet: true, settledMs: 31 }],
  ])('is kept where %s', (_, played) => {
    expect(judged(played)).toEqual([])
  })

  test('is judged in the worlds: an outbox that forgets what it has no room for violates it', async () => {
    const ablation = ABLATIONS.find(({ rule }) => rule === 'outbox, overflow')!
    const isI18 = ({ invariant }: Violation): boolean => invariant === 'I18'
    const reports = await runWithout(ablation, 20, ({ violations }) => violations.some(isI18))
    const last = reports.at(-1)!
    expect(last.violations.some(isI18)).toBe(true)
    const [withIt] = await runWithout(withRule(ablation), 1, undefined, last.seed)
    expect(withIt!.violations).toEqual([])
  })
})

describe('I19, what a node has stored', () => {
  function judged(play: (watch: AnswerWatch) => void): readonly string[] {
    const history = new History(() => 0, 200, false)
    play(new AnswerWatch(history))
    return history.violations.map(({ invariant }) => invariant)
  }
  const deletion = [{ kind: 'delete', key: 'a' }] as const
  const setting = [{ kind: 'set', key: 'a' }] as const

  test('is violated by a deletion that no client has asked for since', () => {
    const stored = (watch: AnswerWatch): void => watch.begin('n0', 'a')(true)
    expect(judged((watch) => (stored(watch), watch.sent('n0', deletion)))).toEqual(['I19'])
    // An invalidation that is sent behind the `set` may undo it, too.
    expect(
      judged((watch) => {
        const end = watch.begin('n0', 'a')
        watch.sent('n0', setting)
        watch.sent('n0', deletion)
        end(true)
      }),
    ).toEqual(['I19'])
  })

  test.each<readonly [string, (watch: AnswerWatch) => void]>([
    [
      'the deletion is sent before the `set`',
      (watch) => {
        const end = watch.begin('n0', 'a')
        watch.sent('n0', deletion)
        watch.sent('n0', setting)
        end(true)
      },
    ],
    ['the `set` has failed', (watch) => (watch.begin('n0', 'a')(false), watch.sent('n0', deletion))],
    [
      'a client has begun another change',
      (watch) => {
        watch.begin('n0', 'a')(true)
        watch.begin('n0', 'a')
        watch.sent('n0', deletion)
      },
    ],
    [
      'another change was under way with it',
      (watch) => {
        watch.begin('n0', 'a')
        watch.begin('n0', 'a')(true)
        watch.sent('n0', deletion)
      },
    ],
    ['another node deletes', (watch) => (watch.begin('n0', 'a')(true), watch.sent('n1', deletion))],
  ])('is kept where %s', (_, play) => {
    expect(judged(play)).toEqual([])
  })
})

test('I20: a lease is renewed by nobody who loads its key no more', () => {
  let nowMs = 0
  const history = new History(() => nowMs, 200, false)
  const leases = new LeaseWatch(history, () => nowMs, 2_000, 60)
  leases.granted('a', 'n0:1')
  const end = leases.begin('n0', 'a')
  nowMs = 100
  leases.renewed('a', 'n0:1')
  end()
  nowMs = 220
  leases.renewed('a', 'n0:1')
  expect(history.violations).toEqual([])
  nowMs = 221
  leases.renewed('a', 'n0:1')
  expect(history.violations.map(({ invariant }) => invariant)).toEqual(['I20'])
})

test('I17: the time of an entry is over when its ttl has passed since it was stored, unless somebody may have put it off', () => {
  let nowMs = 0
  const history = new History(() => nowMs, 200, false)
  const origin = history.born(false, '100ms')
  expect(history.overMs('a', origin)).toBe(Infinity)
  nowMs = 20
  history.stored(origin)
  expect(history.overMs('a', origin)).toBe(120)
  const expired = history.expiring('a')
  expect(history.overMs('a', origin)).toBe(Infinity)
  expired(-1)
  expect(history.overMs('a', origin)).toBe(120)
})

test.each([
  ['I16', 'order'],
  ['I17', 'suspension'],
  ['I19', 'outbox, under way'],
  ['I20', 'lease, given back'],
])('%s is judged in the worlds: without the rule "%s" some seed violates it', async (invariant, rule) => {
  const ablation = ABLATIONS.find((one) => one.rule === rule)!
  const isMeant = (violation: Violation): boolean => violation.invariant === invariant
  const reports = await runWithout(ablation, 20, ({ violations }) => violations.some(isMeant))
  expect(reports.at(-1)!.violations.some(isMeant)).toBe(true)
})
