import { mayRead, NOT_DONE, DONE, OUTDATED, type EntryRules } from '../in-process/entry-rules.ts'
import type { EntrySettings, Found, OpResult, Reading, Stored } from '../core/store.ts'
import type { MaybePromise } from '../core/promise.ts'
import type { AgeClock } from '../core/time/age-clock.ts'
import type { BoundedMap } from './bounded-map.ts'
import { MemoryEntry } from './memory-entry.ts'
import { PrefixSweep } from './prefix-sweep.ts'
import { CLEARED } from './removals.ts'

/** The entries of a map as readers see them by the rules, and the deletions by prefix that are under way. */
export class MemoryEntries {
  readonly #map: BoundedMap<string, Stored>
  readonly #clock: AgeClock
  readonly #rules: EntryRules
  /** The deletions by prefix that are under way, in the order in which they began. */
  readonly #sweeps = new Set<PrefixSweep>()
  // Whether any value was ever kept in an entry of its own. Until then reads need not ask.
  #anyEntry = false
  /** Whether a read without conditions may return an item of the map as it is. Only this class changes it. */
  isPlain = true

  constructor(map: BoundedMap<string, Stored>, clock: AgeClock, rules: EntryRules) {
    this.#map = map
    this.#clock = clock
    this.#rules = rules
  }

  /** Returns the value of a key for a reader. Counts as a use of the entry. */
  get(key: string, reading: Reading | undefined): Stored | undefined {
    this.settle(key)
    return this.visible(key, this.#map.get(key), reading)
  }

  /** Returns the same with its remaining time. */
  find(key: string, reading: Reading | undefined): Found | undefined {
    this.settle(key)
    const kept = this.#map.get(key)
    const stored = this.visible(key, kept, reading)
    return stored === undefined ? undefined : { stored, remainingMs: this.remainingMs(key, kept) }
  }

  /** Returns the value of a key for a reader. Does not count as a use. */
  peek(key: string, reading?: Reading): Stored | undefined {
    this.settle(key)
    return this.visible(key, this.#map.peek(key), reading)
  }

  /** Returns the value of an item of the map, if the reader sees it. */
  visible(key: string, kept: Stored | undefined, reading: Reading | undefined): Stored | undefined {
    const entry: unknown = kept
    if (!(entry instanceof MemoryEntry)) return mayRead(undefined, reading) ? kept : undefined
    const freshUntilMs = this.#rules.freshUntilMs(entry.labels, entry.freshUntilMs)
    if (freshUntilMs < entry.freshUntilMs) this.#endFreshness(key, entry, freshUntilMs)
    return this.#rules.sees(entry, reading) ? entry.stored : undefined
  }

  /** Returns the milliseconds for which an item of the map is still fresh. */
  remainingMs(key: string, kept: unknown): number {
    if (kept instanceof MemoryEntry && kept.graceMs > 0) return kept.freshUntilMs - this.#clock.now()
    return this.#map.remainingMs(key)!
  }

  /** Stores a value, unless it is too old. `since` is the place at which its load began. */
  put(
    key: string,
    { stored, ttlMs, graceMs = 0, rowVersion, weight }: EntrySettings & { readonly stored: Stored },
    tags: readonly string[] | undefined,
    since?: number,
  ): OpResult {
    if (rowVersion !== undefined && this.#rules.isOutdated(key, rowVersion, versionKept(this.#map.peek(key))))
      return OUTDATED
    const labels = this.#rules.tags.labels(tags, since)
    // A loader may have named a tag that was invalidated meanwhile.
    if (!this.#rules.isCurrent(labels)) return NOT_DONE
    if (labels === undefined && graceMs === 0 && rowVersion === undefined)
      return this.#map.put(key, stored, ttlMs, weight) ? DONE : NOT_DONE
    this.#anyEntry = true
    this.isPlain = false
    const freshUntilMs = graceMs === 0 ? Infinity : this.#clock.preciseNow() + ttlMs
    const entry = new MemoryEntry(stored, labels, rowVersion, graceMs, freshUntilMs)
    return this.#map.put(key, asStored(entry), ttlMs + graceMs, weight) ? DONE : NOT_DONE
  }

  /** Replaces the value of a visible entry. Its deadline and its tags stay. */
  replace(key: string, stored: Stored): void {
    const kept: unknown = this.#map.peek(key)
    this.#map.replace(key, kept instanceof MemoryEntry ? asStored(kept.with(stored)) : stored)
  }

  /** Removes every entry whose key begins with `prefix`, and counts those that a reader sees. */
  deleteByPrefix(prefix: string, reading: Reading | undefined): MaybePromise<number> {
    const map = this.#map
    const sweep = new PrefixSweep(
      {
        size: map.size,
        held: () => map.held(),
        remove: (key) => {
          const wasVisible = this.visible(key, map.peek(key), { ...reading, stale: true }) !== undefined
          map.delete(key, CLEARED)
          return wasVisible
        },
      },
      prefix,
    )
    const count = sweep.run()
    return typeof count === 'number' ? count : this.#during(sweep, count)
  }

  /** Removes an entry that a deletion under way covers, before the key is used. */
  settle(key: string): void {
    if (this.#sweeps.size > 0) for (const sweep of this.#sweeps) sweep.settle(key)
  }

  async #during(sweep: PrefixSweep, count: PromiseLike<number>): Promise<number> {
    this.#sweeps.add(sweep)
    this.isPlain = false
    try {
      return await count
    } finally {
      this.#sweeps.delete(sweep)
      this.isPlain = !this.#anyEntry && this.#sweeps.size === 0
    }
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

function asStored(entry: MemoryEntry): Stored {
  return entry as unknown as Stored
}

/** Returns the row version of an item of the map. */
export function versionKept(kept: unknown): bigint | undefined {
  return kept instanceof MemoryEntry ? kept.rowVersion : undefined
}
