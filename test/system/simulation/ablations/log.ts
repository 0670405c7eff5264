import { LogFollower } from '../../../../src/coherence/log/log-follower.ts'
import { RecentInvalidations } from '../../../../src/coherence/log/recent-invalidations.ts'
import { LocalTier } from '../../../../src/coherence/local-tier.ts'
import { InFlight } from '../../../../src/coherence/in-flight.ts'
import { Recovery } from '../../../../src/coherence/log/recovery.ts'
import { SeenHeads } from '../../../../src/coherence/log/seen-heads.ts'
import type { EpochId, Head, LogEntry, SyncReply } from '../../../../src/core/remote/log.ts'
import { FAULT_MIXES } from '../../../../simulator/world/mixes.ts'
import { ServerLogs } from '../../../../simulator/server/server-logs.ts'
import { Names } from '../../../../simulator/world/names.ts'
import { NO_FAULTS, type Faults } from '../../../../simulator/machine/network.ts'
import { all, During, overRemote, replaced, UNEVEN, type Ablation } from './switches.ts'

const NOTHING = '!nothing'
const ONE_EPOCH: EpochId = { ordinal: 1, random: 'one' }

function filler(counter: number, stamp: string, previous: string): LogEntry {
  return { counter, stamp, previous, kind: 'key', item: NOTHING }
}

/** Returns the reply as it looks to a node that does not notice missing entries. */
function completed(since: Head, reply: SyncReply): SyncReply {
  const { head } = reply
  const entries: LogEntry[] = []
  let previous = since.stamp
  for (let counter = since.counter + 1; counter <= head.counter; counter++) {
    const entry = reply.entries.find((logged) => logged.counter === counter)
    const stamp = counter === head.counter ? head.stamp : (entry?.stamp ?? `filler${counter}`)
    entries.push(entry === undefined ? filler(counter, stamp, previous) : { ...entry, stamp, previous })
    previous = stamp
  }
  return { head, entries }
}

// Much is lost at every failover.
const LAGGING: Faults = { ...FAULT_MIXES['promotions']!, promotionsPerSecond: 2, replicaLagMs: [5, 150] }

// One promotion, rarely two: after a later divergence all nodes would replay the loss of this one. A node that was cut
// off meanwhile, and knows of no loss, writes to the new primary while others hear of it and have yet to ask it.
const RACING: Faults = {
  ...NO_FAULTS,
  replicas: 2,
  replicaLagMs: [2, 30],
  promotionsPerSecond: 0.4,
  reconnectMs: [1, 600],
  resubscribeMs: [1, 20],
  cutsPerSecond: 3,
  cutMs: [100, 600],
}
// So many keys that a lost invalidation is rarely repeated by chance.
const MANY = Array.from({ length: 100 }, (_, index) => `k${index}`)

/** Patches servers to replay every entry that their log does not have. */
const replayingAll = replaced(
  ServerLogs,
  'lost',
  (lost) =>
    function lacking(this: ServerLogs, partition, epoch, entries) {
      return lost.call(
        this,
        partition,
        epoch,
        entries.map((entry) => ({ ...entry, counter: Infinity })),
      )
    },
)

const first = new During()
const appending = new During()
const replacing = new During()

export const LOG: readonly Ablation[] = [
  {
    rule: 'heartbeat, comparison',
    without: 'the heartbeat tells that the server lives, and not where its log is',
    mix: 'lost messages',
    patch: replaced(
      LogFollower,
      'onHead',
      (onHead) =>
        function onLife(this: LogFollower, _, startedAtMs) {
          onHead.call(this, this.partition.applied, startedAtMs)
        },
    ),
  },
  {
    rule: 'heartbeat',
    without: 'there is no heartbeat',
    mix: 'none',
    patch: replaced(LogFollower, 'onHead', () => () => undefined),
  },
  {
    rule: 'C6, gaps',
    without: 'a message that does not follow the last one is taken for the next',
    mix: 'lost messages',
    patch: replaced(
      LogFollower,
      'onMessage',
      (onMessage) =>
        function skipGaps(this: LogFollower, message) {
          const { applied } = this.partition
          if (applied?.epoch.random === message.epoch.random) {
            for (let counter = applied.counter + 1; counter < message.counter; counter++) {
              const stamp = counter === message.counter - 1 ? message.previous : `filler${counter}`
              onMessage.call(this, { ...message, ...filler(counter, stamp, this.partition.applied!.stamp) })
            }
          }
          onMessage.call(this, message)
        },
    ),
  },
  {
    rule: 'C6, chain of stamps',
    without: 'the next number is taken for the next entry, whatever stamp it follows',
    mix: 'promotions',
    seed: 20,
    world: {
      faults: RACING,
      partitions: 1,
      settings: { heartbeatMs: 150 },
      traffic: {
        keys: MANY,
        tagged: false,
        ttls: ['1h'],
        changes: ['delete'],
        changePauseMs: 30,
        readPauseMs: 40,
        hangingLoads: 0,
      },
    },
    patch: replaced(
      LogFollower,
      'onMessage',
      (onMessage) =>
        function onNumber(this: LogFollower, message) {
          const { applied } = this.partition
          const isNext = message.counter === (applied?.counter ?? NaN) + 1
          onMessage.call(this, isNext ? { ...message, previous: applied!.stamp } : message)
        },
    ),
  },
  {
    rule: 'C6, overtaken answers',
    without: 'an answer replaces what messages have brought since it was asked for',
    mix: 'promotions',
    world: {
      faults: { ...LAGGING, pause: 0.3, pauseMs: [5, 50] },
      traffic: { ttls: ['1h'], changes: ['delete'], changePauseMs: 100 },
    },
    patch: all(
      replaced(
        LogFollower,
        'onSync',
        (onSync) =>
          function replace(this: LogFollower, reply) {
            const { applied } = this.partition
            const isOvertaken =
              applied?.epoch.random === reply.head.epoch.random && reply.head.counter < applied.counter
            if (isOvertaken) replacing.run(() => this.onRotated({ won: true, head: reply.head }))
            else onSync.call(this, reply)
          },
      ),
      replaced(
        Recovery,
        'replay',
        (replay) =>
          function replayOther(this: Recovery, ...args) {
            if (!replacing.active) replay.apply(this, args)
          },
      ),
    ),
  },
  {
    rule: 'C6, holes',
    without: 'a sync reply whose log does not reach back is taken for complete',
    mix: 'lost messages',
    seed: 130,
    world: {
      logLimit: 2,
      rewire: overRemote((remote) => ({
        sync: async (partition, since, ifNone) => {
          const reply = await remote.sync(partition, since, ifNone)
          const isKnown = since?.epoch.random === reply.head.epoch.random
          return since !== undefined && isKnown ? completed(since, reply) : reply
        },
      })),
    },
  },
  {
    rule: 'C6, first sync',
    without: 'a node keeps over its first sync what it read before',
    mix: 'deaths',
    // Many processes begin, and hear of changes only if they ask.
    world: {
      faults: { ...UNEVEN, pause: 0.5, messageLoss: 1, deathsPerSecond: 8 },
      traffic: {
        keys: Array.from({ length: 30 }, (_, index) => `k${index}`),
        tagged: false,
        ttls: ['1h'],
        changes: ['delete'],
        changePauseMs: 600,
        readPauseMs: 2,
        slowLoads: 0,
        hangingLoads: 0,
      },
    },
    patch: all(
      replaced(
        LogFollower,
        'onSync',
        (onSync) =>
          function onFirst(this: LogFollower, ...args) {
            if (this.partition.applied === undefined) first.run(() => onSync.apply(this, args))
            else onSync.apply(this, args)
          },
      ),
      replaced(
        LocalTier,
        'flush',
        (flush) =>
          function flushLater(this: LocalTier, follower) {
            if (!first.active) flush.call(this, follower)
          },
      ),
      replaced(
        InFlight,
        'killAll',
        (killAll) =>
          function killLater(this: InFlight, matches) {
            if (!first.active) killAll.call(this, matches)
          },
      ),
    ),
  },
  {
    rule: 'C6, late messages',
    without: 'a message at or below what is applied leaves its key alone',
    mix: 'uneven lines',
    patch: replaced(
      LogFollower,
      'onMessage',
      (onMessage) =>
        function onlyNew(this: LogFollower, message) {
          const { applied } = this.partition
          const isKnown = applied?.epoch.random === message.epoch.random
          if (!isKnown || message.counter > applied.counter) onMessage.call(this, message)
        },
    ),
    unseen:
      'what is applied has dropped the key already, and what came later was read later; but a node that has just begun notes in its journal what it hears late, and may be the last one that knows of it',
  },
  {
    rule: 'C6, subscriptions',
    without: 'a new subscription starts no sync',
    mix: 'deaf subscribers',
    world: {
      rewire: {
        bus: (bus) => ({ subscribe: (onMessage) => bus.subscribe(onMessage, () => undefined) }),
      },
    },
    unseen: 'the heartbeat notices within the bound; it makes a node learn sooner by up to a heartbeat',
  },
  {
    rule: 'C6, connections',
    without: 'what was read over one connection to the server outlives it',
    mix: 'promotions under split brain',
    world: {
      traffic: { ttls: ['1h'], changes: ['delete'], changePauseMs: 1_500 },
      rewire: overRemote(() => ({ onReconnect: () => () => undefined })),
    },
  },
  {
    rule: 'C6, epochs',
    without: 'every sequence has the same epoch',
    mix: 'evictions',
    patch: all(
      replaced(
        ServerLogs,
        'sync',
        (sync) =>
          function sameAgain(this: ServerLogs, partition, since) {
            return sync.call(this, partition, since, ONE_EPOCH, 0)
          },
      ),
      replaced(
        ServerLogs,
        'rotate',
        (rotate) =>
          function sameAgain(this: ServerLogs, partition, seen) {
            return rotate.call(this, partition, seen, ONE_EPOCH)
          },
      ),
    ),
  },
  {
    rule: 'C9, ordinals',
    without: 'an epoch is only random, and none of two is the newer one',
    mix: 'promotions',
    world: {
      traffic: { ttls: ['1h'], changes: ['delete'], changePauseMs: 300 },
      rewire: overRemote((remote) => ({
        sync: async (partition, since, ifNone) => remote.sync(partition, since, { ...ifNone, ordinal: 1 }),
        rotate: async (partition, seen, next) => remote.rotate(partition, seen, { ...next, ordinal: 1 }),
      })),
    },
  },
  {
    rule: 'C9, sightings',
    without: 'a server that lacks what was seen of its log is believed',
    mix: 'promotions',
    seed: 15,
    world: {
      faults: { ...LAGGING, messageLoss: 0.5 },
      settings: { heartbeatMs: 150 },
      traffic: { ttls: ['1h'], changes: ['delete'], changePauseMs: 1_000 },
    },
    patch: replaced(SeenHeads, 'contradict', () => () => false),
  },
  {
    rule: 'C9, falling behind',
    without: 'a log that does not reach back is taken for another history, of which all is replayed',
    mix: 'overrun',
    patch: all(
      replaced(
        LogFollower,
        'onSync',
        (onSync) =>
          function diverge(this: LogFollower, reply) {
            const { applied } = this.partition
            const { head } = reply
            const isBehind =
              applied?.epoch.random === head.epoch.random &&
              head.counter > applied.counter &&
              reply.entries.length < head.counter - applied.counter
            // The entry has another stamp under the counter that is applied.
            const entry = { counter: (applied?.counter ?? 0) + 1, stamp: '?', previous: '?' }
            const entries = [{ ...entry, kind: 'key', item: NOTHING } as const]
            onSync.call(this, isBehind ? { head, entries } : reply)
          },
      ),
      replayingAll,
    ),
  },
  {
    rule: 'C9, entry by entry',
    without: 'whatever a log does not have any more is replayed, whether or not it was lost',
    mix: 'promotions',
    world: { logLimit: 8, settings: { journalLimit: 100 } },
    patch: replayingAll,
  },
  {
    rule: 'C9, born epochs',
    without: 'a sequence that has vanished is taken for a loss, and what was in its log is replayed',
    mix: 'vanished sequences',
    patch: all(
      replaced(
        RecentInvalidations,
        'recent',
        (recent) =>
          function ofAnyBirth(this: RecentInvalidations, epoch) {
            return recent.call(this, { ...epoch, birth: 0 })
          },
      ),
      replaced(
        LogFollower,
        'onSync',
        (onSync) =>
          function asRotated(this: LogFollower, reply) {
            const { epoch } = reply.head
            const isFirst = this.partition.applied === undefined
            const birth = isFirst ? epoch.birth : epoch.birth - 1
            onSync.call(this, { ...reply, head: { ...reply.head, epoch: { ...epoch, birth } } })
          },
      ),
    ),
  },
  {
    rule: 'side keys',
    without:
      'neither writes nor heartbeats renew sequences and logs, but only a sync that something else starts',
    mix: 'none',
    world: { logLifetimeMs: 1_000, settings: { renewalMs: 250 } },
    settings: { renewalMs: Infinity },
    patch: all(
      replaced(
        ServerLogs,
        'append',
        (append) =>
          function appendOnly(this: ServerLogs, ...args) {
            return appending.run(() => append.apply(this, args))
          },
      ),
      replaced(
        Names,
        'set',
        (set) =>
          function keepEnd(this: Names, name, value, ttlMs) {
            const leftMs = appending.active && /^[sg]:/.test(name) ? this.remainingMs(name) : undefined
            set.call(this, name, value, leftMs ?? ttlMs)
          },
      ),
    ),
  },
  {
    rule: 'C9, journal',
    without: 'what the server has lost is not logged again',
    mix: 'restarts from a snapshot',
    world: { traffic: { ttls: ['1h'], changes: ['delete'], changePauseMs: 1_500 } },
    patch: replaced(RecentInvalidations, 'recent', () => () => []),
  },
  {
    rule: 'C9, own operations',
    without: 'a node notes its own invalidations by their messages only',
    mix: 'promotions',
    world: {
      faults: { ...LAGGING, messageLoss: 0.9 },
      settings: { heartbeatMs: 150 },
      traffic: { ttls: ['1h'], changes: ['delete'], changePauseMs: 1_000 },
    },
    patch: replaced(LogFollower, 'onExecuted', () => () => undefined),
  },
]
