import { CallOrder } from '../../../../src/coherence/order/call-order.ts'
import { CoherentStore } from '../../../../src/coherence/coherent-store.ts'
import { Suspects } from '../../../../src/coherence/queues/suspects.ts'
import { Outbox } from '../../../../src/coherence/queues/outbox.ts'
import { Turn } from '../../../../src/coherence/order/turn.ts'
import { ServerLogs } from '../../../../simulator/server/server-logs.ts'
import { SimulatedServer } from '../../../../simulator/server/server.ts'
import { all, During, replaced, UNEVEN, type Ablation } from './switches.ts'

// Runs while the judge asks, because the judge gets the true answer.
const judging = new During()
const forJudge = all(
  replaced(
    CoherentStore,
    'isQueued',
    (isQueued) =>
      function asJudge(this: CoherentStore, key) {
        return judging.run(() => isQueued.call(this, key))
      },
  ),
  replaced(
    Outbox,
    'has',
    (has) =>
      function hasForJudge(this: Outbox, key) {
        return judging.active && has.call(this, key)
      },
  ),
)

export const OUTBOX: readonly Ablation[] = [
  {
    rule: 'outbox',
    without: 'an invalidation without an answer is forgotten',
    mix: 'lost requests and replies',
    patch: replaced(Outbox, 'add', () => () => true),
  },
  {
    rule: 'outbox, reads',
    without: 'reads and loads trust the server for a key whose invalidation got no answer',
    mix: 'lost requests and replies',
    patch: forJudge,
  },
  {
    rule: 'outbox, replay',
    without: 'what is queued is never sent again',
    mix: 'lost requests and replies',
    patch: all(
      replaced(Outbox, 'due', () => () => []),
      replaced(Outbox, 'dueOf', () => () => []),
    ),
  },
  {
    rule: 'outbox, snapshot',
    without: 'a replay sends all that was queued when it began, whatever has made up for it since',
    mix: 'lost requests and replies',
    patch: replaced(Outbox, 'isOpen', () => () => true),
    unseen:
      'a replay is one call for each partition, unless more than 500 keys are queued: nothing comes between the look at the queue and what is sent',
  },
  {
    rule: 'outbox, prefixes',
    without: 'a deletion by prefix without an answer is forgotten',
    mix: 'cut lines',
    patch: replaced(Outbox, 'addPrefix', () => () => undefined),
  },
  {
    rule: 'outbox, made up for',
    without: 'an acknowledged call leaves in the queue what it makes up for',
    mix: 'lost requests and replies',
    seed: 11,
    patch: replaced(Outbox, 'acknowledge', () => () => undefined),
  },
  {
    rule: 'outbox, under way',
    without: 'an item is sent again while another call is under way that makes up for it',
    mix: 'lost requests and replies',
    world: { traffic: { keys: ['a1', 'a2'], changes: ['set', 'delete'], changePauseMs: 60 } },
    // No call claims a queued item.
    patch: replaced(Outbox, 'current', () => () => undefined),
  },
  {
    rule: 'outbox, partitions',
    without: 'one partition is sent after the other, and the first that fails ends the replay',
    mix: 'partial outages',
    patch: replaced(
      Outbox,
      'due',
      (due) =>
        function dueOfOne(this: Outbox, nowMs) {
          return due.call(this, nowMs).slice(0, 1)
        },
    ),
    unseen:
      'what waits for longer is taken for absent here for longer, which nothing forbids, and in the end every partition is back',
  },
  {
    rule: 'outbox, overflow',
    without: 'what has no room in the outbox is forgotten',
    mix: 'partial outages',
    patch: replaced(Suspects, 'add', () => () => true),
  },
  {
    rule: 'outbox, held back',
    without:
      'a set that is held back, because a queued prefix covers its key or the key is suspect, is not queued',
    mix: 'lost requests and replies',
    world: {
      faults: { ...UNEVEN, pauseMs: [5, 40], requestLoss: 0.2 },
      traffic: {
        keys: ['a1', 'a2'],
        tagged: false,
        ttls: ['1h'],
        changes: ['prefix', 'set', 'set'],
        changePauseMs: 60,
        readPauseMs: 3,
        slowLoads: 0,
        hangingLoads: 0,
      },
    },
    patch: replaced(
      Outbox,
      'add',
      (add) =>
        function addUnlessHeld(this: Outbox, key, options, ...rest) {
          const isHeld = this.isCovered(key) || this.isSuspect(key)
          return (isHeld && options.isFailedSet === true) || add.call(this, key, options, ...rest)
        },
    ),
  },
  {
    rule: 'outbox, acknowledgements',
    without: 'an acknowledgement counts for what was queued after it was sent',
    mix: 'lost requests and replies',
    patch: all(
      replaced(
        Outbox,
        'acknowledge',
        (acknowledge) =>
          function acknowledgeAny(this: Outbox, op) {
            acknowledge.call(this, op, Infinity)
          },
      ),
      replaced(
        Outbox,
        'sent',
        (sent) =>
          function sentAny(this: Outbox, item) {
            sent.call(this, item, Infinity)
          },
      ),
    ),
    unseen:
      'with one deadline for all, whatever is acknowledged after something else has timed out was sent after that was committed, and covers it; it takes a request that is refused at once, as by an open breaker',
  },
  {
    rule: 'outbox, queued once',
    without: 'a call that was given up queues its keys and tags anew when it fails later',
    mix: 'uneven lines',
    seed: 10,
    world: { traffic: { keys: ['a1', 'b1'], changes: ['prefix', 'set', 'set'], changePauseMs: 30 } },
    patch: replaced(Turn, 'queue', () => () => true),
  },
  {
    rule: 'outbox, own place',
    without: 'a call that is given up counts as later than all calls under way',
    mix: 'deaths',
    patch: replaced(Turn, 'sent', () => () => undefined),
    unseen:
      'of two calls under way at once the judge can not tell which one has deleted a key, so it judges neither',
  },
]

export const ORDER: readonly Ablation[] = [
  {
    rule: 'order',
    without: 'every call is sent when it is made, whatever was called before it',
    mix: 'bursts of calls',
    patch: all(
      replaced(CallOrder, 'change', () => (_, call) => call()),
      replaced(CallOrder, 'add', () => (_, call) => call()),
      replaced(CallOrder, 'called', () => (_, answer) => answer),
      replaced(CallOrder, 'read', () => (_, __, call) => call()),
      replaced(CallOrder, 'reading', () => (_, answer) => answer),
      replaced(CallOrder, 'cover', () => (_, call) => call()),
    ),
  },
  {
    rule: 'order, waiting reads',
    without: 'a change does not wait for a read that waits itself',
    mix: 'bursts of calls',
    patch: replaced(
      CallOrder,
      'read',
      () =>
        function readWithoutPlace(this: CallOrder, keys, _, call) {
          const before = this.covered((key) => key !== undefined && keys.includes(key))
          return before === undefined ? call() : before.then(() => call())
        },
    ),
  },
  {
    rule: 'order, shared adds',
    without:
      'an answer that there is an entry holds for later adds of the key, whatever was called between them',
    mix: 'bursts of calls',
    patch: replaced(CallOrder, 'add', (add) => {
      const told = new WeakMap<CallOrder, Set<string>>()
      return function addAsTold(this: CallOrder, target, call, late, known) {
        const keys = told.get(this) ?? new Set()
        told.set(this, keys)
        const callUnlessTold: typeof call = async (turn) => {
          if (keys.has(target.key)) return known.answer
          const answer = await call(turn)
          if (known.tells(answer)) keys.add(target.key)
          return answer
        }
        return add.call(this, target, callUnlessTold, late, known) as Promise<never>
      }
    }),
  },
]

/** Logs the deletion for the judge. If `isOff`, neither the log nor its followers get it. */
function logFlushUnless(isOff: (partition: string) => boolean): () => () => void {
  return replaced(
    ServerLogs,
    'append',
    (append) =>
      function appendSome(this: ServerLogs, partition, kind, ...rest) {
        if (kind === 'flush' && isOff(partition)) return this.head(partition)
        return append.call(this, partition, kind, ...rest)
      },
  )
}

export const PREFIXES: readonly Ablation[] = [
  {
    rule: 'prefix, log',
    without: 'a deletion by prefix is not logged',
    mix: 'none',
    patch: logFlushUnless(() => true),
  },
  {
    rule: 'prefix, every partition',
    without: 'a deletion by prefix is logged in one partition',
    mix: 'deaf subscribers',
    world: { partitions: 3, logLimit: 2, traffic: { changes: ['delete', 'prefix'], changePauseMs: 300 } },
    patch: logFlushUnless((partition) => partition !== '0'),
  },
  {
    rule: 'prefix, leases',
    without: 'a deletion by prefix leaves the leases',
    mix: 'slow lines',
    seed: 10,
    patch: replaced(
      SimulatedServer,
      'unlink',
      (unlink) =>
        function unlinkValues(this: SimulatedServer, kind, keys) {
          return kind === 'l' ? 0 : unlink.call(this, kind, keys)
        },
    ),
  },
  {
    rule: 'prefix, order',
    without: 'a deletion by prefix removes values first and leases after them',
    mix: 'slow lines',
    seed: 13,
    patch: all(
      replaced(
        SimulatedServer,
        'scan',
        (scan) =>
          function scanOther(this: SimulatedServer, kind, prefix) {
            return scan.call(this, kind === 'l' ? 'v' : 'l', prefix)
          },
      ),
      replaced(
        SimulatedServer,
        'unlink',
        (unlink) =>
          function unlinkOther(this: SimulatedServer, kind, keys) {
            return unlink.call(this, kind === 'l' ? 'v' : 'l', keys)
          },
      ),
    ),
  },
]
