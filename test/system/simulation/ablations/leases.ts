import { CoherentStore } from '../../../../src/coherence/coherent-store.ts'
import { HeldLeases } from '../../../../src/coherence/leases/held-leases.ts'
import { ReturnedLeases } from '../../../../src/coherence/leases/returned-leases.ts'
import type { RemoteOp } from '../../../../src/core/remote/operations.ts'
import { NO_FAULTS } from '../../../../simulator/machine/network.ts'
import { all, overRemote, overStore, replaced, type Ablation } from './switches.ts'

export const LEASES: readonly Ablation[] = [
  {
    rule: 'lease',
    without: 'a fill is stored whether or not its lease is held',
    mix: 'none',
    world: {
      rewire: overRemote((remote) => ({
        write: async (ops) =>
          remote.write(ops.map((op): RemoteOp => (op.kind === 'fill' ? { ...op, kind: 'set' } : op))),
      })),
    },
  },
  {
    rule: 'lease, taken once',
    without: 'an acquisition is executed again after its fill, and so is the fill',
    mix: 'none',
    world: {
      rewire: overRemote((remote) => {
        const again: (() => Promise<unknown>)[] = []
        return {
          write: async (ops) => {
            const results = await remote.write(ops)
            for (const op of ops) {
              if (op.kind !== 'fill') continue
              again.push(
                () => remote.acquire([op], 300),
                () => remote.write([op]),
              )
            }
            return results
          },
          // The moments of these come from the world's own traffic.
          heads: async () => {
            await again
              .shift()?.()
              .catch(() => undefined)
            return remote.heads()
          },
        }
      }),
    },
  },
  {
    rule: 'lease, renewal',
    without: 'leases are not renewed',
    mix: 'none',
    world: { logLimit: 1_000, traffic: { changes: ['delete'], slowLoads: 0.3 } },
    patch: replaced(
      HeldLeases,
      'hold',
      () =>
        function holdOnce(this: HeldLeases, marker) {
          marker.held = true
        },
    ),
  },
  {
    rule: 'lease, longest',
    without: 'a lease is renewed for as long as its loader takes',
    mix: 'none',
    world: { traffic: { changePauseMs: 4_000, hangingLoads: 0.1 } },
    settings: { longestLeaseMs: 1_000_000 },
  },
  {
    rule: 'lease, given back',
    without: 'a lease whose load has ended without a fill is renewed and not given back',
    mix: 'lost requests and replies',
    // Many fills get lost, and most renewals do not.
    world: {
      faults: { ...NO_FAULTS, requestLoss: 0.3 },
      traffic: { tagged: false, changes: ['delete'], changePauseMs: 2_000, ttls: ['100ms'] },
    },
    patch: all(
      replaced(ReturnedLeases, 'giveBack', () => async () => undefined),
      replaced(
        HeldLeases,
        'letGo',
        () =>
          function keepHolding(this: HeldLeases, marker) {
            marker.held = false
          },
      ),
    ),
  },
  {
    rule: 'lease, failed renewal',
    without: 'a load goes on as if its lease had been renewed',
    mix: 'evictions',
    world: {
      rewire: overRemote((remote) => ({
        renew: async (...renewal) => {
          await remote.renew(...renewal).catch(() => false)
          return true
        },
      })),
    },
    unseen:
      'the server refuses the fill of a lease that it no longer knows; the mark lets callers who come later begin a load of their own, rather than wait for one that may hang',
  },
  {
    rule: 'detach',
    without: 'a caller joins a load that was voided, and shares its value',
    mix: 'none',
    world: { rewire: overStore(() => ({ isShared: false })) },
    patch: replaced(CoherentStore, 'joinable', (joinable) => {
      return function joinDead(this: CoherentStore, lease, startedAtMs, ...rest) {
        return joinable.call(
          this,
          { ...lease, key: lease.key, tags: lease.tags, dead: false },
          startedAtMs,
          ...rest,
        )
      }
    }),
  },
  {
    rule: 'late callers',
    without: 'a caller who has joined a load shares its value, though its lease was void at the fill',
    mix: 'none',
    world: { rewire: overStore(() => ({ isShared: false })) },
    unseen: 'the judge allows others the time that messages take',
  },
  {
    rule: 'row versions',
    without: 'a row version is of no account',
    mix: 'slow lines',
    world: {
      extended: true,
      rewire: overRemote((remote) => ({
        write: async (ops) => remote.write(ops.map((op) => ({ ...op, rowVersion: undefined }))),
      })),
    },
    unseen: "a value that was set is the caller's word for the judge, whatever its row version",
  },
  {
    rule: 'C8',
    without: 'whoever finds a lease taken loads at once, too, and stores nothing',
    mix: 'none',
    world: {
      rewire: overStore((store) => ({
        acquire: async (leases, options) => {
          const answers = await store.acquire(leases, options)
          return answers.map((answer) => (answer === 'busy' ? 'denied' : answer))
        },
      })),
    },
  },
  {
    rule: 'C4',
    without: 'a caller joins a load of any age, synced or not',
    mix: 'cut lines',
    seed: 68,
    world: { traffic: { slowLoads: 0.5, changePauseMs: 800 } },
    patch: all(replaced(CoherentStore, 'joinable', () => (lease) => !lease.dead)),
  },
]
