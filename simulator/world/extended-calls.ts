import type {
  EntrySettings,
  Fill,
  InvalidateOptions,
  Lease,
  Op,
  Reading,
  Store,
  Stored,
} from '../../src/core/store.ts'
import { NO_TAGS } from '../../src/keys/tags.ts'
import type { SeededRandom } from '../../src/testing/random.ts'

const GRACE_MS = 300

/**
 * Makes a store send more than the clients of a world ask. Entries get grace and row versions, and invalidations keep
 * stale entries. Tags are named after the load instead of before it. None of that changes a read of fresh entries, so
 * the judge need not know.
 */
export function withExtendedCalls(store: Store, random: SeededRandom, rowVersions: boolean): Store {
  const named = new WeakMap<Lease, readonly string[]>()

  // Values are versions of the database, so they are the rows' versions, too.
  const versionOf = (stored: Stored): EntrySettings['rowVersion'] => {
    const value = store.view(stored)
    return rowVersions && Array.isArray(value) ? BigInt(value[0] as number) : undefined
  }
  const more = (stored: Stored): Pick<EntrySettings, 'graceMs' | 'rowVersion'> => ({
    ...(random.chance(0.7) && { graceMs: GRACE_MS }),
    ...(random.chance(0.7) && { rowVersion: versionOf(stored) }),
  })
  const keepStale = (): InvalidateOptions => (random.chance(0.4) ? { keepStale: true } : {})

  const extended: Partial<Store> = {
    open(key, reading: Reading = {}) {
      if (reading.tags === undefined || reading.tags.length === 0 || random.chance(0.5))
        return store.open(key, reading)
      const lease = store.open(key, { ...reading, tags: undefined })
      named.set(lease, reading.tags)
      return lease
    },
    fill: (fills) =>
      store.fill(
        fills.map((fill): Fill => ({
          ...fill,
          ...more(fill.stored),
          tags: named.get(fill.lease) ?? NO_TAGS,
        })),
      ),
    write: (ops) =>
      store.write(
        ops.map((op): Op => {
          if (op.kind === 'set') return { ...op, ...more(op.stored) }
          return op.kind === 'delete' ? { ...op, kind: 'delete', ...keepStale() } : op
        }),
      ),
    invalidate: (keys, tags, options) => store.invalidate(keys, tags, { ...keepStale(), ...options }),
  }
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(extended, name) ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
}
