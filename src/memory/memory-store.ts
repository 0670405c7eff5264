import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import type { Clock } from '../core/time/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import {
  counterStep,
  DONE,
  EntryRules,
  mayRead,
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
import { isPromise, type MaybePromise } from '../core/promise.ts'
import { NO_TOKEN } from '../core/token.ts'
import type { ValueKeeper } from '../serialization/isolation.ts'
import type { BoundedMap } from './bounded-map.ts'
import { figuresOf, type MemoryBounds } from './entry-map.ts'
import { MemoryEntry } from './memory-entry.ts'
import { looksAt, PrefixSweep, turn } from './prefix-sweep.ts'
import { CLEARED } from './removals.ts'

const NO_OPTIONS: AcquireOptions = Object.freeze({})
const STALE_TOO: Reading = Object.freeze({ stale: true })

/** The store port over a {@link BoundedMap}. Every call is synchronous, and hence one atomic step. */
export class MemoryStore implements Store {
  readonly atomic: LocalAtomicStore | undefined
  /** The bounds of its map. */
  readonly bounds: MemoryBounds
  readonly #map: BoundedMap<string, Stored>
  readonly #values: ValueKeeper
  readonly #clock: AgeClock
  readonly #rules: EntryRules
  /** The deletions by prefix that are under way, in the order in which they began. */
  readonly #sweeps = new Set<PrefixSweep>()
  // Whether any value was ever kept in an entry of its own. Until then reads need not ask.
  #anyEntry = false
  /** Whether a read without conditions may return an item of the map as it is. */
  #isPlain = true

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
  }

  admit(value: unknown): Admitted {
    return this.#values.admit(value)
  }

  view(stored: Stored): unknown {
    return this.#values.view(stored)
  }

  get(key: string, reading?: Reading): Stored | undefined {
    if (reading === undefined && this.#isPlain) return this.#map.get(key)
    this.#settle(key)
    return this.#visible(key, this.#map.get(key), reading)
  }

  getMany(keys: readonly string[], reading?: Reading): readonly (Stored | undefined)[] {
    return keys.map((key) => this.get(key, reading))
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
    const { leases, tags } = this.#rules
    return leases.open(key, reading, tags.count)
  }

  acquire(leases: readonly Lease[], options: AcquireOptions = NO_OPTIONS): readonly Acquired[] {
    const { freshUpToMs = 0 } = options
    return leases.map((lease) => {
      const found = freshUpToMs === Infinity ? undefined : this.#find(lease.key, lease)
      if (found !== undefined && found.remainingMs > freshUpToMs) return found
      return this.#rules.leases.grant(lease, options)
    })
  }

  fill(fills: readonly Fill[]): readonly boolean[] {
    return fills.map((fill) => {
      const right = this.#rules.leases.settle(fill.lease)
      if (right === undefined || fill.skip === 'l1') return false
      this.#settle(fill.lease.key)
      return this.#put(fill.lease.key, fill, tagsOfFill(fill), right.since).ok
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
      for (const key of found.splice(0)) if (this.#peek(key, reading) !== undefined) yield key
      if (done === true) return
      await turn()
    }
  }

  deleteByPrefix(prefix: string, reading?: Reading): MaybePromise<number> {
    this.#rules.leases.voidPrefix(prefix)
    const map = this.#map
    const sweep = new PrefixSweep(
      {
        size: map.size,
        held: () => map.held(),
        remove: (key) => {
          const wasVisible = this.#visible(key, map.peek(key), { ...reading, stale: true }) !== undefined
          map.delete(key, CLEARED)
          return wasVisible
        },
      },
      prefix,
    )
    const count = sweep.run()
    return isPromise(count) ? this.#during(sweep, count) : count
  }

  remainingMs(key: string): number | undefined {
    const kept = this.#map.peek(key)
    return kept === undefined ? undefined : this.#remainingMs(key, kept)
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

  async #during(sweep: PrefixSweep, count: PromiseLike<number>): Promise<number> {
    this.#sweeps.add(sweep)
    this.#isPlain = false
    try {
      return await count
    } finally {
      this.#sweeps.delete(sweep)
      this.#isPlain = !this.#anyEntry && this.#sweeps.size === 0
    }
  }

  // Removes an entry that a deletion under way covers, before the key is used.
  #settle(key: string): void {
    if (this.#sweeps.size > 0) for (const sweep of this.#sweeps) sweep.settle(key)
  }

  #execute(op: Op): OpResult {
    this.#settle(op.key)
    if (op.kind === 'add' && this.#peek(op.key, { tags: op.tags }) !== undefined) return PRESENT
    this.#rules.void(op)
    switch (op.kind) {
      case 'set':
      case 'add':
        return this.#put(op.key, op, op.tags)
      case 'delete':
        return this.#delete(op.key, op)
      case 'take': {
        const stored = this.#peek(op.key, op)
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
    if (!this.#rules.raise(key, rowVersion, versionOf(kept))) return OUTDATED
    const existed = this.#peek(key, tags === undefined ? STALE_TOO : { tags, stale: true }) !== undefined
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
    const found = this.#visible(key, kept as Stored | undefined, { tags })
    if (found === undefined) return NOT_DONE
    if (ttlMs < this.#remainingMs(key, kept)) this.#rules.leases.void(key)
    const graceMs = kept instanceof MemoryEntry ? kept.graceMs : 0
    if (graceMs > 0) (kept as MemoryEntry).freshUntilMs = this.#clock.preciseNow() + ttlMs
    this.#map.touch(key, ttlMs + graceMs)
    return DONE
  }

  #increment({ key, by, min, max, ...settings }: Extract<Op, { kind: 'increment' }>): OpResult {
    const before: unknown = this.get(key, settings)
    const number = counterStep(before === undefined ? 0 : before, by, { min, max })
    if (number === undefined) return NOT_DONE
    const stored = number as unknown as Stored
    if (before === undefined) this.#put(key, { ...settings, stored }, settings.tags)
    else this.#replace(key, stored)
    return { ok: true, number }
  }

  #put(
    key: string,
    { stored, ttlMs, graceMs = 0, rowVersion, weight }: EntrySettings & { readonly stored: Stored },
    tags: readonly string[] | undefined,
    since?: number,
  ): OpResult {
    const present = rowVersion === undefined ? undefined : versionOf(this.#map.peek(key))
    if (this.#rules.isOutdated(key, rowVersion, present)) return OUTDATED
    const labels = this.#rules.tags.labels(tags, since)
    // A loader may have named a tag that was invalidated meanwhile.
    if (!this.#rules.isCurrent(labels)) return NOT_DONE
    if (labels === undefined && graceMs === 0 && rowVersion === undefined)
      return this.#map.put(key, stored, ttlMs, weight) ? DONE : NOT_DONE
    this.#anyEntry = true
    this.#isPlain = false
    const freshUntilMs = graceMs === 0 ? Infinity : this.#clock.preciseNow() + ttlMs
    const entry = new MemoryEntry(stored, labels, rowVersion, graceMs, freshUntilMs)
    return this.#map.put(key, asStored(entry), ttlMs + graceMs, weight) ? DONE : NOT_DONE
  }

  // Replaces the value of a visible entry. Its deadline and its tags stay.
  #replace(key: string, stored: Stored): void {
    const kept: unknown = this.#map.peek(key)
    this.#map.replace(key, kept instanceof MemoryEntry ? asStored(kept.with(stored)) : stored)
  }

  #find(key: string, reading?: Reading): Found | undefined {
    this.#settle(key)
    const kept = this.#map.get(key)
    const stored = this.#visible(key, kept, reading)
    return stored === undefined ? undefined : { stored, remainingMs: this.#remainingMs(key, kept) }
  }

  #peek(key: string, reading?: Reading): Stored | undefined {
    this.#settle(key)
    return this.#visible(key, this.#map.peek(key), reading)
  }

  #remainingMs(key: string, kept: unknown): number {
    if (kept instanceof MemoryEntry && kept.graceMs > 0) return kept.freshUntilMs - this.#clock.now()
    return this.#map.remainingMs(key)!
  }

  #visible(key: string, kept: Stored | undefined, reading: Reading | undefined): Stored | undefined {
    const entry: unknown = kept
    if (!(entry instanceof MemoryEntry)) return mayRead(undefined, reading) ? kept : undefined
    const freshUntilMs = this.#rules.freshUntilMs(entry.labels, entry.freshUntilMs)
    if (freshUntilMs < entry.freshUntilMs) this.#endFreshness(key, entry, freshUntilMs)
    return this.#rules.sees(entry, reading) ? entry.stored : undefined
  }

  // Ends the freshness at that time, when the grace begins. An entry that is never visible again leaves its room to
  // others, unless its row version still counts.
  #endFreshness(key: string, entry: MemoryEntry, atMs: number): void {
    entry.freshUntilMs = atMs
    if (entry.rowVersion !== undefined) return
    const leftMs = atMs + entry.graceMs - this.#clock.now()
    if (leftMs > 0) this.#map.touch(key, leftMs)
    else this.#map.delete(key)
  }
}

type EntrySettingsOf<N extends keyof EntrySettings> = Pick<EntrySettings, N>

function asStored(entry: MemoryEntry): Stored {
  return entry as unknown as Stored
}

function versionOf(kept: unknown): bigint | undefined {
  return kept instanceof MemoryEntry ? kept.rowVersion : undefined
}
