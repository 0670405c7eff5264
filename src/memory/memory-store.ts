import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import type { Clock } from '../core/time/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import {
  counterStep,
  DONE,
  EntryRules,
  NOT_DONE,
  OUTDATED,
  PRESENT,
  tagsOfFill,
} from '../in-process/entry-rules.ts'
import type { StoreHealth } from '../core/health.ts'
import type { Observer } from '../core/observing/observer.ts'
import type { LocalAtomicStore } from '../in-process/local-atomic-store.ts'
import type {
  AcquireOptions,
  Acquired,
  Admitted,
  Cooldown,
  EntrySettings,
  Fill,
  Found,
  Invalidated,
  InvalidateOptions,
  Lease,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
} from '../core/store.ts'
import type { MaybePromise } from '../core/promise.ts'
import { NO_TOKEN } from '../core/token.ts'
import type { ValueKeeper } from '../serialization/isolation.ts'
import type { BoundedMap } from './bounded-map.ts'
import { figuresOf, type MemoryBounds } from './entry-map.ts'
import { MemoryEntries, versionKept } from './memory-entries.ts'
import { MemoryEntry } from './memory-entry.ts'
import { looksAt, turn } from './prefix-sweep.ts'

/** The store port over a {@link BoundedMap}. Every call is synchronous, and hence one atomic step. */
export class MemoryStore implements Store {
  readonly atomic: LocalAtomicStore | undefined
  /** The bounds of its map. */
  readonly bounds: MemoryBounds
  readonly #map: BoundedMap<string, Stored>
  readonly #values: ValueKeeper
  readonly #clock: AgeClock
  readonly #rules: EntryRules
  readonly #entries: MemoryEntries

  /** Takes the clock of the map. */
  constructor(
    map: BoundedMap<string, Stored>,
    values: ValueKeeper,
    parts: {
      readonly clock?: Clock | undefined
      readonly atomic?: LocalAtomicStore
      readonly bounds?: MemoryBounds
    } = {},
  ) {
    this.bounds = parts.bounds ?? {}
    this.atomic = parts.atomic
    const clock = ageClock(parts.clock)
    this.#map = map
    this.#values = values
    this.#clock = clock
    this.#rules = new EntryRules(clock)
    this.#entries = new MemoryEntries(map, clock, this.#rules)
  }

  admit(value: unknown): Admitted {
    return this.#values.admit(value)
  }

  view(stored: Stored): unknown {
    return this.#values.view(stored)
  }

  get(key: string, reading?: Reading): Stored | undefined {
    if (reading === undefined && this.#entries.isPlain) return this.#map.get(key)
    return this.#entries.get(key, reading)
  }

  getMany(keys: readonly string[], reading?: Reading): readonly (Stored | undefined)[] {
    return keys.map((key) => this.get(key, reading))
  }

  read(keys: readonly string[], reading?: Reading): ReadonlyMap<string, Found> {
    const found = new Map<string, Found>()
    for (const key of keys) {
      const entry = this.#entries.find(key, reading)
      if (entry !== undefined) found.set(key, entry)
    }
    return found
  }

  open(key: string, reading?: Reading): Lease {
    const { leases, tags } = this.#rules
    return leases.open(key, reading, tags.count)
  }

  acquire(leases: readonly Lease[], options: AcquireOptions = {}): readonly Acquired[] {
    const { freshUpToMs = 0 } = options
    return leases.map((lease) => {
      const found = freshUpToMs === Infinity ? undefined : this.#entries.find(lease.key, lease)
      if (found !== undefined && found.remainingMs > freshUpToMs) return found
      return this.#rules.leases.grant(lease, options)
    })
  }

  fill(fills: readonly Fill[]): readonly boolean[] {
    return fills.map((fill) => {
      const right = this.#rules.leases.settle(fill.lease)
      if (right === undefined || fill.skip === 'l1') return false
      this.#entries.settle(fill.lease.key)
      return this.#entries.put(fill.lease.key, fill, tagsOfFill(fill), right.since).ok
    })
  }

  release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): void {
    for (const lease of leases) this.#rules.leases.release(lease, cooldown)
  }

  joinable(lease: Lease): boolean {
    return !lease.dead
  }

  write(ops: readonly Op[]): readonly OpResult[] {
    return ops.map((op) => this.#execute(op))
  }

  invalidate(
    keys: readonly string[],
    tags: readonly string[],
    { keepStale, rowVersion }: InvalidateOptions = {},
  ): Invalidated {
    const results = this.write(keys.map((key) => ({ kind: 'delete', key, keepStale, rowVersion })))
    this.#rules.invalidateTags(tags, keepStale)
    return { l1: 'acked', l2: 'none', token: NO_TOKEN, removed: results.filter(({ ok }) => ok).length }
  }

  tagPlace(): string {
    return this.#rules.tags.place
  }

  changedSince(tags: readonly string[], place: string): readonly string[] {
    return this.#rules.tags.changedSince(tags, place)
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    const found: string[] = []
    const looks = looksAt(this.#map, (key) => {
      if (key.startsWith(prefix)) found.push(key)
    })
    for (;;) {
      const { done } = looks.next()
      for (const key of found.splice(0)) if (this.#entries.peek(key, reading) !== undefined) yield key
      if (done === true) return
      await turn()
    }
  }

  deleteByPrefix(prefix: string, reading?: Reading): MaybePromise<number> {
    this.#rules.leases.voidPrefix(prefix)
    return this.#entries.deleteByPrefix(prefix, reading)
  }

  remainingMs(key: string): number | undefined {
    const kept = this.#map.peek(key)
    return kept === undefined ? undefined : this.#entries.remainingMs(key, kept)
  }

  observe(observer: Observer | undefined): void {
    this.#map.listen(observer && ((key, _, cause) => observer.remove?.(key, cause)))
  }

  health(): StoreHealth {
    return { engine: 'memory', servers: [], queued: 0 }
  }

  stats(): StoreStats {
    return figuresOf(this.#map)
  }

  close(): void {
    this.#rules.leases.voidPrefix('')
    this.#map.clear()
    this.#map.close()
    this.atomic?.close()
  }

  #execute(op: Op): OpResult {
    this.#entries.settle(op.key)
    if (op.kind === 'add' && this.#entries.peek(op.key, { tags: op.tags }) !== undefined) return PRESENT
    const { rowVersion } = op as Versioned
    const isOutdated =
      rowVersion !== undefined &&
      this.#rules.isOutdated(op.key, rowVersion, versionKept(this.#map.peek(op.key)))
    this.#rules.void(op, isOutdated)
    switch (op.kind) {
      case 'set':
      case 'add':
        return this.#entries.put(op.key, op, op.tags)
      case 'delete':
        return this.#delete(op.key, op)
      case 'take': {
        const stored = this.#entries.peek(op.key, op)
        this.#map.delete(op.key)
        return stored === undefined ? NOT_DONE : { ok: true, stored }
      }
      case 'increment':
        return this.#increment(op)
      case 'expire':
        return this.#expire(op.key, op)
    }
  }

  #delete(
    key: string,
    { tags, keepStale = false, rowVersion }: EntrySettingsOf<'tags'> & InvalidateOptions,
  ): OpResult {
    const kept: unknown = this.#map.peek(key)
    if (!this.#rules.raise(key, rowVersion, versionKept(kept))) return OUTDATED
    const existed = this.#entries.peek(key, { tags, stale: true }) !== undefined
    if (!keepStale || !(kept instanceof MemoryEntry) || kept.graceMs === 0) this.#map.delete(key)
    // A hidden one stays hidden, and its row version counts.
    else if (kept.freshUntilMs > this.#clock.now()) {
      kept.freshUntilMs = this.#clock.now()
      this.#map.touch(key, kept.graceMs)
    }
    return existed ? DONE : NOT_DONE
  }

  #expire(key: string, { ttlMs, tags }: EntrySettings): OpResult {
    const kept: unknown = this.#map.peek(key)
    const found = this.#entries.visible(key, kept as Stored | undefined, { tags })
    if (found === undefined) return NOT_DONE
    if (ttlMs < this.#entries.remainingMs(key, kept)) this.#rules.leases.void(key)
    const graceMs = kept instanceof MemoryEntry ? kept.graceMs : 0
    if (graceMs > 0) (kept as MemoryEntry).freshUntilMs = this.#clock.preciseNow() + ttlMs
    this.#map.touch(key, ttlMs + graceMs)
    return DONE
  }

  #increment({ key, by, min, max, ...settings }: Extract<Op, { kind: 'increment' }>): OpResult {
    const before: unknown = this.#entries.get(key, settings)
    const number = counterStep(before === undefined ? 0 : before, by, { min, max })
    if (number === undefined) return NOT_DONE
    const stored = number as unknown as Stored
    if (before === undefined) this.#entries.put(key, { ...settings, stored }, settings.tags)
    else this.#entries.replace(key, stored)
    return { ok: true, number }
  }
}

type Versioned = Pick<EntrySettings, 'rowVersion'>
type EntrySettingsOf<N extends keyof EntrySettings> = Pick<EntrySettings, N>
