import { LeaseTable } from '../core/lease-table.ts'
import type { StoreStats } from '../core/counters.ts'
import type { Acquired, Admitted, Fill, Found, Lease, Op, OpResult, Store, Stored } from '../core/store.ts'
import type { ValueKeeper } from '../serialization/isolation.ts'
import type { BoundedMap } from './bounded-map.ts'

const DONE: OpResult = Object.freeze({ ok: true })
const NOT_DONE: OpResult = Object.freeze({ ok: false })

/** The store port over a {@link BoundedMap}: every call is synchronous, hence one atomic step. */
export class MemoryStore implements Store {
  readonly #map: BoundedMap<string, Stored>
  readonly #values: ValueKeeper
  readonly #leases = new LeaseTable()

  constructor(map: BoundedMap<string, Stored>, values: ValueKeeper) {
    this.#map = map
    this.#values = values
  }

  admit(value: unknown): Admitted {
    return this.#values.admit(value)
  }

  view(stored: Stored): unknown {
    return this.#values.view(stored)
  }

  get(key: string): Stored | undefined {
    return this.#map.get(key)
  }

  read(keys: readonly string[]): ReadonlyMap<string, Found> {
    const found = new Map<string, Found>()
    for (const key of keys) {
      const entry = this.#find(key)
      if (entry !== undefined) found.set(key, entry)
    }
    return found
  }

  open(key: string): Lease {
    return this.#leases.open(key)
  }

  acquire(leases: readonly Lease[]): readonly Acquired[] {
    return leases.map((lease) => this.#find(lease.key) ?? (this.#leases.grant(lease) ? 'granted' : 'busy'))
  }

  fill(fills: readonly Fill[]): readonly boolean[] {
    return fills.map(({ lease, stored, ttlMs }) => {
      return this.#leases.settle(lease) && this.#map.put(lease.key, stored, ttlMs)
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

  async *scan(prefix: string): AsyncIterable<string> {
    yield* this.#matching(prefix)
  }

  deleteByPrefix(prefix: string): number {
    this.#leases.voidPrefix(prefix)
    const keys = this.#matching(prefix)
    for (const key of keys) this.#map.delete(key)
    return keys.length
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
  }

  #execute(op: Op): OpResult {
    if (op.kind === 'expire') return this.#expire(op.key, op.ttlMs)
    this.#leases.void(op.key)
    switch (op.kind) {
      case 'set':
        return this.#map.put(op.key, op.stored, op.ttlMs) ? DONE : NOT_DONE
      case 'delete':
        return this.#map.delete(op.key) ? DONE : NOT_DONE
      case 'take': {
        const stored = this.#map.peek(op.key)
        if (stored === undefined) return NOT_DONE
        this.#map.delete(op.key)
        return { ok: true, stored }
      }
      case 'increment':
        return this.#increment(op.key, op.by, op.ttlMs)
    }
  }

  #expire(key: string, ttlMs: number): OpResult {
    const remainingMs = this.#map.remainingMs(key)
    if (remainingMs === undefined) return NOT_DONE
    if (ttlMs < remainingMs) this.#leases.void(key)
    this.#map.touch(key, ttlMs)
    return DONE
  }

  #increment(key: string, by: number, ttlMs: number): OpResult {
    const before: unknown = this.#map.get(key)
    const number = before === undefined ? by : typeof before === 'number' ? before + by : NaN
    if (!Number.isSafeInteger(number) || !Number.isSafeInteger(before ?? 0)) return NOT_DONE
    const stored = number as unknown as Stored
    if (!this.#map.replace(key, stored)) this.#map.put(key, stored, ttlMs)
    return { ok: true, number }
  }

  #find(key: string): Found | undefined {
    const stored = this.#map.get(key)
    return stored === undefined ? undefined : { stored, remainingMs: this.#map.remainingMs(key)! }
  }

  #matching(prefix: string): readonly string[] {
    const keys = [...this.#map.keys()]
    return prefix === '' ? keys : keys.filter((key) => key.startsWith(prefix))
  }
}
