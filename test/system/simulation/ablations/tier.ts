import { AgeClock } from '../../../../src/core/time/age-clock.ts'
import { CoherentStore } from '../../../../src/coherence/coherent-store.ts'
import { LogFollower } from '../../../../src/coherence/log/log-follower.ts'
import { PartitionState } from '../../../../src/coherence/partition-state.ts'
import { LocalTier, type Keeping, type LocalSlot } from '../../../../src/coherence/local-tier.ts'
import { Operation, InFlight } from '../../../../src/coherence/in-flight.ts'
import { all, During, replaced, UNEVEN, type Ablation } from './switches.ts'

function revived(keeping: Keeping): Keeping {
  const { marker } = keeping
  const { key, token, bornAt, bornAtMs } = marker
  return { ...keeping, marker: new Operation(key, marker, token, bornAt, bornAtMs) }
}

/** Leaves this node's copies of one or many keys alone while `isOff`. */
function leaveAlone(isOff: (counter: number) => boolean): () => () => void {
  return all(
    replaced(
      InFlight,
      'kill',
      (kill) =>
        function killSome(this: InFlight, key, counter, except) {
          if (!isOff(counter)) kill.call(this, key, counter, except)
        },
    ),
    replaced(
      InFlight,
      'killAll',
      (killAll) =>
        function killSome(this: InFlight, matches) {
          if (!isOff(Infinity)) killAll.call(this, matches)
        },
    ),
    replaced(
      LocalTier,
      'drop',
      (drop) =>
        function dropSome(this: LocalTier, key, counter) {
          if (!isOff(counter)) drop.call(this, key, counter)
        },
    ),
    replaced(
      LocalTier,
      'flush',
      (flush) =>
        function flushSome(this: LocalTier, follower) {
          if (!isOff(Infinity)) flush.call(this, follower)
        },
    ),
  )
}

const following = new During()
const watchFollower = all(
  ...(['onMessage', 'onSync', 'onRotated'] as const).map((name) =>
    replaced(
      LogFollower,
      name,
      (original) =>
        function watched(this: LogFollower, ...args: unknown[]) {
          following.run(() => (original as (...args: unknown[]) => void).apply(this, args))
        },
    ),
  ),
)

const sending = new During()
// Up to its first await an operation of this node is before its sending.
const watchSending = all(
  replaced(
    CoherentStore,
    'write',
    (write) =>
      async function watched(this: CoherentStore, ops) {
        return sending.run(() => write.call(this, ops))
      },
  ),
  replaced(
    CoherentStore,
    'deleteByPrefix',
    (deleteByPrefix) =>
      async function watched(this: CoherentStore, prefix) {
        return sending.run(() => deleteByPrefix.call(this, prefix))
      },
  ),
)

const flushing = new During()

export const TIER: readonly Ablation[] = [
  {
    rule: 'suspension',
    without: 'what a machine slept through counts for nothing',
    mix: 'suspended machines',
    patch: replaced(
      AgeClock,
      'now',
      () =>
        function running(this: AgeClock) {
          return this.running.now()
        },
    ),
  },
  {
    rule: 'C1',
    without: 'the local tier serves, however old its last sync is',
    mix: 'cut lines',
    patch: () => {
      const serving = new During()
      return all(
        replaced(
          LocalTier,
          'get',
          (get) =>
            function serve(this: LocalTier, key) {
              return serving.run(() => get.call(this, key))
            },
        ),
        replaced(
          PartitionState,
          'isSynced',
          (isSynced) =>
            function isEver(this: PartitionState, maxAgeMs) {
              return serving.active || isSynced.call(this, maxAgeMs)
            },
        ),
      )()
    },
  },
  {
    rule: 'C2, messages',
    without: 'a message, or an entry that a sync repairs, leaves reads and loads in flight alive',
    mix: 'uneven lines',
    seed: 10,
    world: { traffic: { changePauseMs: 800 } },
    patch: all(
      watchFollower,
      replaced(
        InFlight,
        'kill',
        (kill) =>
          function killOwn(this: InFlight, key, counter, except) {
            if (!following.active || flushing.active) kill.call(this, key, counter, except)
          },
      ),
    ),
  },
  {
    rule: 'C2, flushes',
    without: 'a flush leaves reads and loads in flight alive',
    mix: 'deaf subscribers',
    seed: 44,
    world: {
      logLimit: 2,
      faults: { ...UNEVEN, deafnessPerSecond: 10, deafMs: [50, 150] },
      traffic: { changePauseMs: 600 },
    },
    patch: all(
      watchFollower,
      replaced(
        InFlight,
        'killAll',
        (killAll) =>
          function killOwn(this: InFlight, matches) {
            if (!following.active) killAll.call(this, matches)
          },
      ),
    ),
  },
  {
    rule: 'C3',
    without: 'a read is kept although its marker is dead',
    mix: 'none',
    patch: replaced(
      LocalTier,
      'keepRead',
      (keepRead) =>
        function keepDead(this: LocalTier, key, keeping) {
          return keepRead.call(this, key, revived(keeping))
        },
    ),
  },
  {
    rule: 'C3b, markers',
    without: 'a set or a fill is kept although a message or another operation covered the key meanwhile',
    mix: 'uneven lines',
    // Fills whose answers are overtaken by messages, of keys that no node invalidates again soon.
    world: {
      faults: { ...UNEVEN, pause: 0.5, pauseMs: [5, 29] },
      traffic: {
        keys: Array.from({ length: 40 }, (_, index) => `k${index}`),
        tagged: false,
        ttls: ['1h'],
        changes: ['delete'],
        changePauseMs: 60,
        readPauseMs: 2,
        slowLoads: 0,
        hangingLoads: 0,
      },
    },
    patch: replaced(
      LocalTier,
      'keepWritten',
      (keepWritten) =>
        function keepDead(this: LocalTier, key, keeping) {
          return keepWritten.call(this, key, revived(keeping))
        },
    ),
  },
  {
    rule: 'C3b, stamps',
    without: 'a set or a fill replaces what is kept, however new that is',
    mix: 'slow lines',
    world: { faults: { ...UNEVEN, messageLoss: 0.5 }, traffic: { keys: ['a1'], changePauseMs: 200 } },
    patch: replaced(
      LocalTier,
      'keepWritten',
      (keepWritten) =>
        function keepAnyway(this: LocalTier, key, keeping) {
          const { marker, head, logged } = keeping
          const isCurrent = logged === true ? marker.lastCounter <= head!.counter : !marker.dead
          if (isCurrent) this.drop(key, Infinity)
          return keepWritten.call(this, key, keeping)
        },
    ),
    unseen:
      'of two values the older one can only come back for as long as a message of the bound is missing: I2 allows it; what is lost is that a node does not read backwards (I3 concerns only its own changes, which kill the markers)',
  },
  {
    rule: 'C3b, older reads',
    without: 'a read that began before the entry was written replaces it',
    mix: 'slow lines',
    world: { faults: { ...UNEVEN, messageLoss: 0.5 }, traffic: { keys: ['a1'], changePauseMs: 200 } },
    patch: replaced(
      LocalTier,
      'keepRead',
      (keepRead) =>
        function keepOlder(this: LocalTier, key, keeping) {
          if (!keeping.marker.dead) this.drop(key, Infinity)
          return keepRead.call(this, key, keeping)
        },
    ),
    unseen:
      'as for the stamps: messages and own operations have killed the marker of such a read, or the bound allows it',
  },
  {
    rule: 'C3b, unstamped entries',
    without: 'a message leaves what a read has kept',
    mix: 'none',
    patch: replaced(
      LocalTier,
      'drop',
      (drop) =>
        function dropStamped(this: LocalTier, key, counter) {
          const kept = this.get(key) as LocalSlot | undefined
          if (kept === undefined || kept.counter !== undefined || counter === Infinity)
            drop.call(this, key, counter)
        },
    ),
  },
  {
    rule: 'C3b, stamped entries',
    without: 'a message leaves what this node has written',
    mix: 'none',
    patch: replaced(
      LocalTier,
      'drop',
      (drop) =>
        function dropRead(this: LocalTier, key, counter) {
          const kept = this.get(key) as LocalSlot | undefined
          if (kept?.counter === undefined || counter === Infinity) drop.call(this, key, counter)
        },
    ),
  },
  {
    rule: 'C3b, epochs',
    without: 'a reply of another epoch is kept',
    mix: 'restarts with nothing',
    patch: replaced(LogFollower, 'knows', () => (head) => head !== undefined),
    unseen:
      'the flush with which the other epoch is adopted covers what was kept before it; but the node asks at once, and not at the next heartbeat',
  },
  {
    rule: 'counters',
    without: 'the local tier keeps integers',
    mix: 'none',
    patch: () => {
      const { isInteger } = Number
      const keeping = new During()
      Number.isInteger = (value) => !keeping.active && isInteger(value)
      const restore = replaced(
        LocalTier,
        'keepRead',
        (keepRead) =>
          function keepIntegers(this: LocalTier, ...args) {
            return keeping.run(() => keepRead.apply(this, args))
          },
      )()
      return () => {
        Number.isInteger = isInteger
        restore()
      }
    },
  },
  {
    rule: 'C5, before',
    without: 'an operation leaves the tier and the loads of its own node alone until it is answered',
    mix: 'slow lines',
    seed: 56,
    world: {
      faults: { ...UNEVEN, replyLoss: 0.2 },
      traffic: { keys: ['a1'], changes: ['take', 'delete', 'expire'], changePauseMs: 60, slowLoads: 0.5 },
    },
    patch: all(
      watchSending,
      leaveAlone((counter) => counter === Infinity && sending.active),
    ),
  },
  {
    rule: 'C5, after',
    without: 'the answer to an operation leaves the tier and the loads of its own node alone',
    mix: 'slow lines',
    patch: all(
      watchSending,
      watchFollower,
      leaveAlone((counter) => counter === Infinity && !sending.active && !following.active),
    ),
  },
  {
    rule: 'C5',
    without: 'operations leave the tier and the loads of their own node alone',
    mix: 'none',
    patch: all(
      watchFollower,
      leaveAlone((counter) => counter === Infinity && !following.active),
    ),
  },
]
