import { counterStep } from '../core/counter-step.ts'
import { LeaseTable } from '../core/lease-table.ts'
import type { LocalAtomicStore } from '../core/local-atomic-store.ts'
import type { StoreStats } from '../core/counters.ts'
import type {
  Acquired,
  Admitted,
  EntrySettings,
  Fill,
  Found,
  Invalidated,
  Lease,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
} from '../core/store.ts'
import { TagTable, type Labels } from '../core/tag-table.ts'
import { belongs } from '../core/tags.ts'
import { NO_TOKEN } from '../core/token.ts'
import { valueKeeper, type ValueKeeper } from '../serialization/isolation.ts'
import { BoundedMap, type BoundedMapOptions } from './bounded-map.ts'

const DONE: OpResult = Object.freeze({ ok: true })
const NOT_DONE: OpResult = Object.freeze({ ok: false })

/** A stored value with tags; one without is kept as it is. */
class Tagged {
  readonly stored: Stored
  readonly labels: Labels

  constructor(stored: Stored, labels: Labels) {
    this.stored = stored
    this.labels = labels
  }
}

/** The store port over a {@link BoundedMap}: every call is synchronous, hence one atomic step. */
export class MemoryStore implements Store {
  readonly atomic: LocalAtomicStore | undefined
  readonly #map: BoundedMap<string, Stored>
  readonly #values: ValueKeeper
  readonly #leases = new LeaseTable()
  readonly #tags = new TagTable()
  // Whether anything was ever stored with tags: until then reads need not ask.
  #anyTagged = false

  constructor(map: BoundedMap<string, Stored>, values: ValueKeeper, atomic?: LocalAtomicStore) {
    this.atomic = atomic
    this.#map = map
    this.#values = values
  }

  admit(value: unknown): Admitted {
    return this.#values.admit(value)
  }

  view(stored: Stored): unknown {
    return this.#values.view(stored)
  }

  get(key: string, reading?: Reading): Stored | undefined {
    const kept = this.#map.get(key)
    return reading === undefined && !this.#anyTagged ? kept : this.#visible(key, kept, reading)
  }

  read(keys: readonly string[], reading?: Reading): ReadonlyMap<string, Found> {
    const found = new Map<string, Found>()
    for (const key of keys) {
      const entry = this.#find(key, reading)
      if (entry !== undefined) found.set(key, entry)
    }
    return found
  }

  open(key: string, reading?: Reading): Lease {
    return this.#leases.open(key, reading?.tags, this.#tags.count)
  }

  acquire(leases: readonly Lease[]): readonly Acquired[] {
    return leases.map(
      (lease) => this.#find(lease.key, lease) ?? (this.#leases.grant(lease) ? 'granted' : 'busy'),
    )
  }

  fill(fills: readonly Fill[]): readonly boolean[] {
    return fills.map(({ lease, stored, ttlMs }) => {
      const right = this.#leases.settle(lease)
      return right !== undefined && this.#put(lease.key, stored, ttlMs, lease.tags, right.since)
    })
  }

  release(leases: readonly Lease[]): void {
    for (const lease of leases) this.#leases.settle(lease)
  }

  joinable(lease: Lease): boolean {
    return !lease.dead
  }

  write(ops: readonly Op[]): readonly OpResult[] {
    return ops.map((op) => this.#execute(op))
  }

  invalidate(keys: readonly string[], tags: readonly string[]): Invalidated {
    const results = this.write(keys.map((key) => ({ kind: 'delete', key })))
    if (tags.length > 0) {
      this.#tags.invalidate(tags)
      this.#leases.voidTags(tags)
    }
    return { l1: 'acked', l2: 'none', token: NO_TOKEN, removed: results.filter(({ ok }) => ok).length }
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    for (const key of this.#matching(prefix)) if (this.#peek(key, reading) !== undefined) yield key
  }

  deleteByPrefix(prefix: string, reading?: Reading): number {
    this.#leases.voidPrefix(prefix)
    let count = 0
    for (const key of this.#matching(prefix)) {
      if (this.#peek(key, reading) !== undefined) count++
      this.#map.delete(key)
    }
    return count
  }

  stats(): StoreStats {
    const { entries, evicted, oversize, expired, swept } = this.#map.stats()
    const [byEntries, byWeight] = this.#map.isWeighed ? [0, evicted] : [evicted, 0]
    return {
      entries,
      evictions: { entries: byEntries, weight: byWeight, oversize },
      expirations: { read: expired - swept, timer: swept },
    }
  }

  close(): void {
    this.#leases.voidPrefix('')
    this.#map.clear()
    this.#map.close()
    this.atomic?.close()
  }

  #execute(op: Op): OpResult {
    if (op.kind === 'expire') return this.#expire(op.key, op)
    this.#leases.void(op.key)
    switch (op.kind) {
      case 'set':
        return this.#put(op.key, op.stored, op.ttlMs, op.tags) ? DONE : NOT_DONE
      case 'delete':
      case 'take': {
        const stored = this.#peek(op.key, op)
        this.#map.delete(op.key)
        if (stored === undefined) return NOT_DONE
        return op.kind === 'take' ? { ok: true, stored } : DONE
      }
      case 'increment':
        return this.#increment(op)
    }
  }

  #expire(key: string, { ttlMs, tags }: EntrySettings): OpResult {
    if (this.#peek(key, { tags }) === undefined) return NOT_DONE
    if (ttlMs < this.#map.remainingMs(key)!) this.#leases.void(key)
    this.#map.touch(key, ttlMs)
    return DONE
  }

  #increment({ key, ttlMs, tags, by, ...bounds }: Extract<Op, { kind: 'increment' }>): OpResult {
    const before: unknown = this.get(key, { tags })
    const number = counterStep(before === undefined ? 0 : before, by, bounds)
    if (number === undefined) return NOT_DONE
    const stored = number as unknown as Stored
    if (before === undefined) this.#put(key, stored, ttlMs, tags)
    else this.#replace(key, stored)
    return { ok: true, number }
  }

  #put(
    key: string,
    stored: Stored,
    ttlMs: number,
    tags: readonly string[] | undefined,
    since?: number,
  ): boolean {
    const labels = this.#tags.labels(tags, since)
    if (labels === undefined) return this.#map.put(key, stored, ttlMs)
    this.#anyTagged = true
    return this.#map.put(key, asStored(new Tagged(stored, labels)), ttlMs)
  }

  // The value of a visible entry; its deadline and its tags stay.
  #replace(key: string, stored: Stored): void {
    const kept: unknown = this.#map.peek(key)
    this.#map.replace(key, kept instanceof Tagged ? asStored(new Tagged(stored, kept.labels)) : stored)
  }

  #find(key: string, reading?: Reading): Found | undefined {
    const stored = this.get(key, reading)
    return stored === undefined ? undefined : { stored, remainingMs: this.#map.remainingMs(key)! }
  }

  #peek(key: string, reading?: Reading): Stored | undefined {
    return this.#visible(key, this.#map.peek(key), reading)
  }

  #visible(key: string, kept: Stored | undefined, reading: Reading | undefined): Stored | undefined {
    const entry: unknown = kept
    if (!(entry instanceof Tagged)) return belongs(undefined, reading?.tags) ? kept : undefined
    if (this.#tags.isCurrent(entry.labels))
      return belongs(entry.labels.tags, reading?.tags) ? entry.stored : undefined
    // It will never be visible again: its room is for others.
    this.#map.delete(key)
    return undefined
  }

  #matching(prefix: string): readonly string[] {
    const keys = [...this.#map.keys()]
    return prefix === '' ? keys : keys.filter((key) => key.startsWith(prefix))
  }
}

function asStored(tagged: Tagged): Stored {
  return tagged as unknown as Stored
}

/** A memory store of its own, with values cloned. */
export function memoryStore(options: BoundedMapOptions<string, Stored>): MemoryStore {
  return new MemoryStore(new BoundedMap(options), valueKeeper({}))
}
