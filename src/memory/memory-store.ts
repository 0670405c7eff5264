import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import type { Clock } from '../core/time/clock.ts'
import { counterStep } from '../in-process/counter-step.ts'
import type { StoreStats } from '../core/counters.ts'
import { LeaseTable } from '../in-process/lease-table.ts'
import type { LocalAtomicStore } from '../in-process/local-atomic-store.ts'
import { RowVersions } from '../in-process/row-versions.ts'
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
import { TagTable } from '../in-process/tag-table.ts'
import { belongs } from '../keys/tags.ts'
import { NO_TOKEN } from '../core/token.ts'
import type { ValueKeeper } from '../serialization/isolation.ts'
import type { BoundedMap } from './bounded-map.ts'
import { figuresOf, type MemoryBounds } from './entry-map.ts'
import { MemoryEntry } from './memory-entry.ts'
import { looksAt, PrefixSweep, turn } from './prefix-sweep.ts'

const DONE: OpResult = Object.freeze({ ok: true })
const NOT_DONE: OpResult = Object.freeze({ ok: false })
const OUTDATED: OpResult = Object.freeze({ ok: false, outdated: true })
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
  readonly #leases: LeaseTable
  readonly #versions: RowVersions
  readonly #tags = new TagTable()
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
    this.#leases = new LeaseTable(clock)
    this.#versions = new RowVersions(clock.running)
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
    return this.#leases.open(key, reading, this.#tags.count)
  }

  acquire(leases: readonly Lease[], options: AcquireOptions = NO_OPTIONS): readonly Acquired[] {
    const { freshUpToMs = 0 } = options
    return leases.map((lease) => {
      const found = freshUpToMs === Infinity ? undefined : this.#find(lease.key, lease)
      if (found !== undefined && found.remainingMs > freshUpToMs) return found
      return this.#leases.grant(lease, options)
    })
  }

  fill(fills: readonly Fill[]): readonly boolean[] {
    return fills.map((fill) => {
      const right = this.#leases.settle(fill.lease)
      if (right === undefined || fill.skip === 'l1') return false
      this.#settle(fill.lease.key)
      return this.#put(fill.lease.key, fill, allTags(fill), right.since).ok
    })
  }

  release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): void {
    for (const lease of leases) this.#leases.release(lease, cooldown)
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
    if (tags.length > 0) {
      if (keepStale === true) this.#tags.endFreshness(tags, this.#clock.now())
      else this.#tags.invalidate(tags)
      this.#leases.voidTags(tags)
    }
    return { l1: 'acked', l2: 'none', token: NO_TOKEN, removed: results.filter(({ ok }) => ok).length }
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
    this.#leases.voidPrefix(prefix)
    const map = this.#map
    const sweep = new PrefixSweep(
      {
        size: map.size,
        held: () => map.held(),
        remove: (key) => {
          const wasVisible = this.#visible(key, map.peek(key), { ...reading, stale: true }) !== undefined
          map.delete(key)
          return wasVisible
        },
      },
      prefix,
    )
    const count = sweep.run()
    return isPromise(count) ? this.#during(sweep, count) : count
  }

  stats(): StoreStats {
    return figuresOf(this.#map)
  }

  close(): void {
    this.#leases.voidPrefix('')
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
    if (op.kind === 'expire') return this.#expire(op.key, op)
    this.#leases.void(op.key)
    switch (op.kind) {
      case 'set':
        // A written value without a version replaces any other. A loaded one does not.
        if (op.rowVersion === undefined) this.#versions.forget(op.key)
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
    }
  }

  #delete(
    key: string,
    { tags, keepStale = false, rowVersion }: EntrySettingsOf<'tags'> & InvalidateOptions,
  ): OpResult {
    const kept: unknown = this.#map.peek(key)
    if (rowVersion !== undefined) {
      const isOutdated = this.#versions.isOutdated(key, rowVersion, versionOf(kept))
      if (isOutdated) return OUTDATED
      this.#versions.raise(key, rowVersion)
    }
    const existed = this.#peek(key, tags === undefined ? STALE_TOO : { tags, stale: true }) !== undefined
    // A hidden one stays hidden, and its row version counts.
    if (keepStale && kept instanceof MemoryEntry && kept.graceMs > 0)
      this.#endFreshness(key, kept, this.#clock.now())
    else this.#map.delete(key)
    return existed ? DONE : NOT_DONE
  }

  #expire(key: string, { ttlMs, tags }: EntrySettings): OpResult {
    const kept: unknown = this.#map.peek(key)
    const found = this.#visible(key, kept as Stored | undefined, { tags })
    if (found === undefined) return NOT_DONE
    if (ttlMs < this.#remainingMs(key, kept)) this.#leases.void(key)
    if (kept instanceof MemoryEntry) kept.freshUntilMs = this.#clock.preciseNow() + ttlMs
    this.#map.touch(key, ttlMs + (kept instanceof MemoryEntry ? kept.graceMs : 0))
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
    if (
      rowVersion !== undefined &&
      this.#versions.isOutdated(key, rowVersion, versionOf(this.#map.peek(key)))
    )
      return OUTDATED
    const labels = this.#tags.labels(tags, since)
    // Only a load can have begun before now. Its loader may have named a tag that was invalidated meanwhile.
    if (since !== undefined && labels !== undefined && this.#tags.judge(labels) !== 'fresh') return NOT_DONE
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
    if (reading?.skip === 'l1') return undefined
    if (!(entry instanceof MemoryEntry)) return belongs(undefined, reading?.tags) ? kept : undefined
    const { labels, graceMs } = entry
    if (labels !== undefined) {
      const verdict = this.#tags.judge(labels)
      if (verdict === 'gone' || (verdict === 'stale' && graceMs === 0)) {
        // The entry will never be visible again. Its room is for others, but its row version still counts.
        if (entry.rowVersion === undefined) this.#map.delete(key)
        return undefined
      }
      if (!belongs(labels.tags, reading?.tags)) return undefined
      if (verdict === 'stale' && !this.#endFreshness(key, entry, this.#tags.staleSince(labels)))
        return undefined
    } else if (!belongs(undefined, reading?.tags)) return undefined
    if (graceMs === 0 || reading?.stale === true) return entry.stored
    return entry.freshUntilMs > this.#clock.now() ? entry.stored : undefined
  }

  // Ends the freshness at that time, when the grace begins. Returns whether any grace is left.
  #endFreshness(key: string, entry: MemoryEntry, sinceMs: number): boolean {
    if (entry.freshUntilMs <= sinceMs) return true
    entry.freshUntilMs = sinceMs
    const leftMs = sinceMs + entry.graceMs - this.#clock.now()
    if (leftMs > 0) this.#map.touch(key, leftMs)
    else this.#map.delete(key)
    return leftMs > 0
  }
}

type EntrySettingsOf<N extends keyof EntrySettings> = Pick<EntrySettings, N>

function asStored(entry: MemoryEntry): Stored {
  return entry as unknown as Stored
}

function versionOf(kept: unknown): bigint | undefined {
  return kept instanceof MemoryEntry ? kept.rowVersion : undefined
}

function allTags({ lease, tags }: Fill): readonly string[] | undefined {
  if (tags === undefined || tags.length === 0) return lease.tags
  return lease.tags === undefined ? tags : [...new Set([...lease.tags, ...tags])]
}
