import { CoherentStore } from '../../src/coherence/coherent-store.ts'
import { Follower } from '../../src/coherence/follower.ts'
import { LocalTier } from '../../src/coherence/local-tier.ts'
import { Marker, Markers } from '../../src/coherence/markers.ts'
import { Outbox } from '../../src/coherence/outbox.ts'
import type { RemoteOp, RemoteStore } from '../../src/core/remote-store.ts'
import { SimulatedServer } from '../../src/testing/simulation/server.ts'
import type { Rewiring } from '../../src/testing/simulation/world.ts'

/** A rule of coherence, and how it is switched off: in the wiring of the simulation, never in the product. */
export interface Rule {
  readonly rule: string
  readonly without: string
  /** The mix of faults in which it shows soonest. */
  readonly mix: string
  readonly rewire?: Rewiring
  /** Replaces methods of a class for the duration of a run. */
  readonly patch?: () => () => void
}

function replaced<C extends { readonly prototype: object }, N extends keyof C['prototype'] & string>(
  type: C,
  name: N,
  make: (original: C['prototype'][N]) => C['prototype'][N],
): () => () => void {
  const prototype = type.prototype as Record<N, C['prototype'][N]>
  return () => {
    const original = prototype[name]
    prototype[name] = make(original)
    return () => {
      prototype[name] = original
    }
  }
}

function overRemote(change: (remote: RemoteStore) => Partial<RemoteStore>): Rewiring {
  return {
    remote: (remote) => {
      const changed = change(remote)
      return new Proxy(remote, {
        get(target, name) {
          const value: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name, target)
          return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
        },
      })
    },
  }
}

function revived(marker: Marker): Marker {
  return new Marker(marker.key, marker, marker.token, marker.bornAt, marker.bornAtMs)
}

export const RULES: readonly Rule[] = [
  {
    rule: 'lease',
    without: 'a fill is stored whether or not its lease is held',
    mix: 'none',
    rewire: overRemote((remote) => ({
      write: async (ops) =>
        remote.write(ops.map((op): RemoteOp => (op.kind === 'fill' ? { ...op, kind: 'set' } : op))),
    })),
  },
  {
    rule: 'detach',
    without: 'a caller joins a load that was voided',
    mix: 'none',
    patch: replaced(CoherentStore, 'joinable', () => () => true),
  },
  {
    rule: 'C1',
    without: 'the local tier serves, however old its last sync is',
    mix: 'cut lines',
    patch: replaced(Follower, 'isSynced', () => () => true),
  },
  {
    rule: 'C2',
    without: 'a message leaves reads and loads in flight alive',
    mix: 'slow lines',
    patch: replaced(
      Markers,
      'kill',
      (kill) =>
        function killOwn(this: Markers, key: string, counter: number, except?: Marker) {
          if (counter === Infinity) kill.call(this, key, counter, except)
        },
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
          keepRead.call(this, key, { ...keeping, marker: revived(keeping.marker) })
        },
    ),
  },
  {
    rule: 'C3b',
    without: 'a fill is kept although a message or another operation covered the key meanwhile',
    mix: 'slow lines',
    patch: replaced(
      LocalTier,
      'keepWritten',
      (keepWritten) =>
        function keepDead(this: LocalTier, key, keeping) {
          keepWritten.call(this, key, { ...keeping, marker: revived(keeping.marker) })
        },
    ),
  },
  {
    rule: 'C5',
    without: 'operations of this node leave its own tier and its loads alone',
    mix: 'slow lines',
    patch: () => {
      const kill = replaced(
        Markers,
        'kill',
        (original) =>
          function killByMessage(this: Markers, key: string, counter: number, except?: Marker) {
            if (counter !== Infinity) original.call(this, key, counter, except)
          },
      )()
      const drop = replaced(
        LocalTier,
        'drop',
        (original) =>
          function dropByMessage(this: LocalTier, key: string, counter: number) {
            if (counter !== Infinity) original.call(this, key, counter)
          },
      )()
      return () => {
        kill()
        drop()
      }
    },
  },
  {
    rule: 'prefix, log',
    without: 'a deletion by prefix is not logged',
    mix: 'none',
    patch: replaced(SimulatedServer, 'logPrefix', () => () => undefined),
  },
  {
    rule: 'prefix, leases',
    without: 'a deletion by prefix leaves the leases',
    mix: 'slow lines',
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
    rule: 'outbox',
    without: 'reads and loads trust the server for a key whose invalidation got no answer',
    mix: 'lost requests and replies',
    patch: () => {
      // What the judge asks, it is told.
      let judging = false
      const queued = replaced(
        CoherentStore,
        'isQueued',
        (isQueued) =>
          function asJudge(this: CoherentStore, key) {
            judging = true
            const answer = isQueued.call(this, key)
            judging = false
            return answer
          },
      )()
      const has = replaced(
        Outbox,
        'has',
        (original) =>
          function hasForJudge(this: Outbox, key) {
            return judging && original.call(this, key)
          },
      )()
      return () => {
        queued()
        has()
      }
    },
  },
]
