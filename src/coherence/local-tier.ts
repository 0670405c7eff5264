import type { AgeClock } from '../core/time/age-clock.ts'
import type { RemoveCause } from '../core/observing/events.ts'
import type { TierState } from '../core/explanation.ts'
import type { Generations } from '../core/remote/generations.ts'
import type { Head } from '../core/remote/log.ts'
import type { Found, Reading, Store, Stored } from '../core/store.ts'
import type { GenerationTable } from './tags/generation-table.ts'
import type { InFlight, Operation } from './in-flight.ts'
import type { PartitionState } from './partition-state.ts'
import { bears, type TagState } from './tags/tag-state.ts'

/** An entry of the local tier: the value as that tier keeps it, and the facts that its validity depends on. */
export class LocalSlot {
  readonly stored: Stored
  readonly partition: PartitionState
  /** The generations of its tags, if it has any. */
  readonly generations: Generations | undefined
  /** The milliseconds for which it may be served as stale. */
  readonly graceMs: number
  /** The end of its freshness. */
  readonly freshUntilMs: number
  /** The place of its write in the order of this node's events. */
  readonly writtenAt: number
  /** The counter of the log at which it was true; `undefined` if it came from a read. */
  readonly counter: number | undefined
  /**
   * Whether it was kept while the server was away. Then it is served without a sync, until its deadline or the next
   * sync.
   */
  readonly outage: boolean
  /** The version of the table of generations that last found it fresh. */
  agreedAt = -1
  /** The tags of the last reader that was found to be in a namespace of the entry. */
  borne: readonly string[] | undefined

  constructor(
    stored: Stored,
    { partition, generations, graceMs }: Keeping,
    freshUntilMs: number,
    writtenAt: number,
    counter: number | undefined,
    outage: boolean,
  ) {
    this.stored = stored
    this.partition = partition
    this.generations = generations
    this.graceMs = graceMs
    this.freshUntilMs = freshUntilMs
    this.writtenAt = writtenAt
    this.counter = counter
    this.outage = outage
  }
}

/** The map of a local tier, such as a `BoundedMap`. */
export interface LocalMap {
  /** Returns an entry for a reader. Counts as a use. */
  get(key: string): LocalSlot | undefined
  /** Returns an entry. Does not count as a use. */
  peek(key: string): LocalSlot | undefined
  put(key: string, slot: LocalSlot, ttlMs: number): boolean
  delete(key: string): boolean
  clear(): void
  /** Tells a listener of every removal; `undefined` = no more. */
  listen?(listener: ((key: string, slot: LocalSlot, cause: RemoveCause) => void) | undefined): void
  close(): void
}

/** The memory of this process for a local tier, in which nobody else keeps anything. */
export interface LocalMemory extends Pick<Store, 'admit' | 'view' | 'stats' | 'bounds'> {
  readonly map: LocalMap
  /** The longest time for which an entry is kept. */
  readonly ttlMs: number
}

/** An entry to be kept, and the facts that allow it. */
export interface Keeping {
  readonly marker: Operation
  readonly partition: PartitionState
  readonly value: unknown
  /** The remaining milliseconds for which it is fresh, and those of its grace after that. */
  readonly ttlMs: number
  readonly graceMs: number
  readonly generations: Generations | undefined
  /** The reply of a write or a fill; absent for a read. */
  readonly head?: Head | undefined
  /** Whether the write is the last entry of that head, so that messages up to it are older. */
  readonly logged?: boolean
}

/** This node's own tier of the server's entries. It decides which of them it may keep, and which it must not serve. */
export class LocalTier {
  readonly #memory: LocalMemory
  readonly #map: LocalMap
  readonly #table: GenerationTable
  readonly #clock: AgeClock
  readonly #markers: InFlight
  /** The sync age up to which it serves. */
  readonly #maxAgeMs: number
  /** The number of plain reads that it served. */
  hits = 0

  constructor(
    memory: LocalMemory,
    table: GenerationTable,
    markers: InFlight,
    clock: AgeClock,
    maxAgeMs: number,
  ) {
    this.#memory = memory
    this.#map = memory.map
    this.#table = table
    this.#markers = markers
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
  }

  /** Returns the fresh entry of a key, if it may be served now (C1). */
  get(key: string, reading?: Reading): Stored | undefined {
    const slot = this.#map.get(key)
    if (slot === undefined || this.#stateOf(key, slot, reading, this.#clock.now()) !== 'fresh')
      return undefined
    this.hits++
    return slot as unknown as Stored
  }

  /** Returns the entry of a key with its remaining time; a stale one if the reader takes that. */
  find(key: string, reading?: Reading): Found | undefined {
    const slot = this.#map.get(key)
    if (slot === undefined) return undefined
    const nowMs = this.#clock.now()
    const state = this.#stateOf(key, slot, reading, nowMs)
    const { graceMs, generations, freshUntilMs } = slot
    const staleForMs = state === 'stale' ? this.#table.staleForMs(generations) : 0
    const isServed =
      state === 'fresh' || (state === 'stale' && graceMs > staleForMs && reading?.stale === true)
    if (!isServed) return undefined
    const remainingMs = freshUntilMs - nowMs
    return {
      stored: slot as unknown as Stored,
      remainingMs: state === 'fresh' ? remainingMs : Math.min(remainingMs, 0 - staleForMs),
    }
  }

  /** Explains which entry of a key there is, and why it is served or not. */
  explain(key: string, reading?: Reading): { readonly state: TierState; readonly slot?: LocalSlot } {
    const slot = this.#kept(key)
    if (slot === undefined) return { state: 'absent' }
    const nowMs = this.#clock.now()
    if (!this.#isSynced(slot, nowMs)) return { state: 'unsynced', slot }
    const state = this.#stateOf(key, slot, reading, nowMs)
    const isStale = state === 'stale' && slot.graceMs > this.#table.staleForMs(slot.generations)
    return { state: state === 'fresh' ? state : isStale ? 'stale' : 'invalidated', slot }
  }

  /** Keeps the entry that a read found, unless something invalidated it meanwhile (C2, C3, C3b); `false` = it has. */
  keepRead(key: string, keeping: Keeping): boolean {
    const { marker } = keeping
    const present = this.#kept(key)
    if (marker.dead || (present !== undefined && present.writtenAt > marker.bornAt)) return false
    this.#put(key, keeping, undefined, present === undefined)
    return true
  }

  /** Keeps a written entry, by the counters of the reply and of the messages that came meanwhile (C3, C3b). */
  keepWritten(key: string, keeping: Keeping): boolean {
    const { marker, head, logged } = keeping
    const { counter } = head!
    const isCurrent = logged === true ? marker.lastCounter <= counter : !marker.dead
    const present = this.#kept(key)
    if (!isCurrent || (present?.counter !== undefined && present.counter > counter)) return false
    this.#put(key, keeping, counter, present === undefined)
    return true
  }

  /** Keeps a value that was loaded while the server was away. */
  keepOutage(key: string, keeping: Keeping): void {
    if (keeping.marker.dead) return
    this.#put(key, keeping, undefined, this.#kept(key) === undefined, true)
  }

  /** Drops the entry of a key that a message covers, unless the entry is known to be as new. */
  drop(key: string, counter: number): void {
    const slot = this.#kept(key)
    if (slot === undefined || (slot.counter !== undefined && counter <= slot.counter)) return
    this.#map.delete(key)
    slot.partition.dropped()
  }

  /** Stops serving the kept entries of a partition, because something may have been missed. */
  flush(partition: PartitionState): void {
    partition.flushed(this.#markers.nextEvent())
  }

  /** Stops serving the entries of a partition that were kept without the server, because the server is back. */
  endOutage(partition: PartitionState): void {
    partition.outageEndedAt = this.#markers.nextEvent()
  }

  /** Whether an entry is kept under this key that bears the tag. */
  bears(key: string, tag: string): boolean {
    return this.#kept(key)?.generations?.some((one) => one.tag === tag) === true
  }

  /** Gives up all entries, because the cache is closed. */
  close(): void {
    this.#map.clear()
    this.#map.close()
  }

  // C1: both logs must be synced, the log of its key and, if it has tags, the log of generations.
  #isSynced({ outage, partition, generations }: LocalSlot, nowMs: number): boolean {
    if (outage) return true
    return (
      partition.isSynced(this.#maxAgeMs, nowMs) &&
      (generations === undefined || this.#table.partition.isSynced(this.#maxAgeMs, nowMs))
    )
  }

  #stateOf(key: string, slot: LocalSlot, reading: Reading | undefined, nowMs: number): TagState {
    const { generations } = slot
    const wanted = reading?.tags
    if (isFlushed(slot)) return 'gone'
    if (wanted !== slot.borne) {
      if (!bears(generations, wanted)) return 'gone'
      slot.borne = wanted
    }
    const table = this.#table
    if (!this.#isSynced(slot, nowMs)) return 'gone'
    const byAge = slot.freshUntilMs > nowMs ? 'fresh' : 'stale'
    // The table has not changed since the last verdict.
    if (generations === undefined || slot.agreedAt === table.version) return byAge
    const verdict = table.agrees(generations)
    if (verdict !== 'fresh') return verdict
    slot.agreedAt = table.version
    table.borne(key, generations)
    return byAge
  }

  #put(key: string, keeping: Keeping, counter: number | undefined, isMore: boolean, outage = false): void {
    const { value, ttlMs, graceMs, generations, partition } = keeping
    const lifeMs = ttlMs + graceMs
    // A counter changes too often to be kept, and an increment does not log.
    const stored = Number.isInteger(value) || lifeMs <= 0 ? undefined : this.#memory.admit(value).stored
    // The kept entry is older.
    if (stored === undefined) return this.drop(key, Infinity)
    const slot = new LocalSlot(
      stored,
      keeping,
      this.#clock.preciseNow() + ttlMs,
      this.#markers.nextEvent(),
      counter,
      outage,
    )
    if (generations !== undefined) this.#table.borne(key, generations)
    const forMs = Math.min(lifeMs, this.#memory.ttlMs)
    this.#map.put(key, slot, forMs)
    partition.keeps(forMs, isMore)
  }

  // Returns what is kept of a key, whether or not it may be served.
  #kept(key: string): LocalSlot | undefined {
    const slot = this.#map.peek(key)
    return slot === undefined || isFlushed(slot) ? undefined : slot
  }
}

// Whether something may have been missed since the entry was kept.
function isFlushed({ writtenAt, partition, outage }: LocalSlot): boolean {
  return writtenAt <= partition.flushedAt || (outage && writtenAt <= partition.outageEndedAt)
}
