import type { Clock } from '../core/time/clock.ts'
import { Envelope } from '../core/envelope.ts'
import type { TierState } from '../core/explanation.ts'
import { isPromise } from '../core/promise.ts'
import type { Generations, Head } from '../core/remote-store.ts'
import type { Found, Reading, Store, Stored } from '../core/store.ts'
import type { GenerationTable } from './tags/generation-table.ts'
import type { Operation } from './in-flight.ts'
import type { PartitionState } from './partition-state.ts'
import { bears, type TagState } from './tags/tag-state.ts'

/** The way in which a tier takes values in and hands them out. */
export type ValueForm = Pick<Store, 'admit' | 'view'>

const STALE_TOO: Reading = { stale: true }

/** An entry of the local tier: the value as that tier keeps it, and the facts that its validity depends on. */
export class LocalSlot extends Envelope {
  readonly stored: Stored
  readonly values: ValueForm
  readonly partition: PartitionState
  /** The generations of its tags, if it has any. */
  readonly generations: Generations | undefined
  /** The counter of the log at which it was true; `undefined` if it came from a read. */
  readonly counter: number | undefined
  /** The place of its write in the order of this node's events. */
  readonly writtenAt: number
  /**
   * Whether it was kept while the server was away. Then it is served without a sync, until its deadline or the next
   * sync.
   */
  readonly outage: boolean
  /** The milliseconds for which it may be served as stale. */
  readonly graceMs: number
  /** The time at which the tier must ask again, however long the entry lives. */
  readonly keptUntilMs: number
  /** The version of the table of generations that last found it fresh. */
  agreedAt = -1
  /** The tags of the last reader that was found to be in a namespace of the entry. */
  borne: readonly string[] | undefined

  constructor(slot: Omit<LocalSlot, 'agreedAt' | 'borne' | 'view'>) {
    super()
    this.stored = slot.stored
    this.values = slot.values
    this.partition = slot.partition
    this.generations = slot.generations
    this.counter = slot.counter
    this.writtenAt = slot.writtenAt
    this.outage = slot.outage
    this.graceMs = slot.graceMs
    this.keptUntilMs = slot.keptUntilMs
  }

  view(): unknown {
    return this.values.view(this.stored)
  }
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

/** The parts that the local tier uses. */
export interface LocalTierParts {
  readonly store: Store
  /** The form in which it keeps values. */
  readonly values: ValueForm
  readonly table: GenerationTable
  readonly clock: Clock
  /** The sync age up to which it serves. */
  readonly maxAgeMs: number
  /** The longest time for which it keeps an entry. */
  readonly longestMs: number
  /** Returns the next place in the order of this node's events. */
  nextEvent(): number
}

/** This node's own tier of the server's entries. It decides which of them it may keep, and which it must not serve. */
export class LocalTier {
  readonly #store: Store
  readonly #values: ValueForm
  readonly #table: GenerationTable
  readonly #clock: Clock
  readonly #maxAgeMs: number
  readonly #longestMs: number
  readonly #nextEvent: () => number

  constructor(parts: LocalTierParts) {
    const { store, values, table, clock, maxAgeMs, longestMs, nextEvent } = parts
    this.#store = store
    this.#values = values
    this.#table = table
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
    this.#longestMs = longestMs
    this.#nextEvent = nextEvent
  }

  /** Returns the fresh entry of a key, if it may be served now (C1). */
  get(key: string, reading?: Reading): Stored | undefined {
    const slot = this.#slot(key)
    return slot !== undefined && this.#verdict(key, slot, reading) === 'fresh' ? asStored(slot) : undefined
  }

  /** Returns the entry of a key with its remaining time; a stale one if the reader takes that. */
  find(key: string, reading?: Reading): Found | undefined {
    const slot = this.#slot(key, reading?.stale === true ? STALE_TOO : undefined)
    if (slot === undefined) return undefined
    const verdict = this.#verdict(key, slot, reading)
    const { graceMs, generations } = slot
    const staleForMs = verdict === 'stale' ? this.#table.staleForMs(generations) : 0
    const isServed =
      verdict === 'fresh' || (verdict === 'stale' && graceMs > staleForMs && reading?.stale === true)
    if (!isServed) return undefined
    const remainingMs = this.#remainingMs(key)
    return {
      stored: asStored(slot),
      remainingMs: verdict === 'fresh' ? remainingMs : Math.min(remainingMs, 0 - staleForMs),
    }
  }

  /** Explains which entry of a key there is, and why it is served or not. */
  explain(
    key: string,
    reading: Reading | undefined,
  ): {
    readonly state: TierState
    readonly remainingMs?: number
    readonly generations?: Generations | undefined
  } {
    const slot = this.#slot(key, STALE_TOO)
    if (slot === undefined) return { state: 'absent' }
    const { generations, graceMs } = slot
    const entry = { generations, remainingMs: this.#remainingMs(key) }
    if (!this.#isSynced(slot, this.#clock.now())) return { ...entry, state: 'unsynced' }
    const verdict = this.#verdict(key, slot, reading)
    if (verdict === 'gone' || (verdict === 'stale' && graceMs <= this.#table.staleForMs(generations)))
      return { ...entry, state: 'invalidated' }
    return { ...entry, state: verdict === 'fresh' && entry.remainingMs > 0 ? 'fresh' : 'stale' }
  }

  /** Keeps the entry that a read found, unless something invalidated it meanwhile (C2, C3, C3b); `false` = it has. */
  keepRead(key: string, keeping: Keeping): boolean {
    const { marker } = keeping
    const present = this.#slot(key)
    if (marker.dead || (present !== undefined && present.writtenAt > marker.bornAt)) return false
    this.#put(key, keeping, undefined, present === undefined)
    return true
  }

  /** Keeps a written entry, by the counters of the reply and of the messages that came meanwhile (C3, C3b). */
  keepWritten(key: string, keeping: Keeping): boolean {
    const { marker, head, logged } = keeping
    const { counter } = head!
    const isCurrent = logged === true ? marker.lastCounter <= counter : !marker.dead
    const present = this.#slot(key)
    if (!isCurrent || (present?.counter !== undefined && present.counter > counter)) return false
    this.#put(key, keeping, counter, present === undefined)
    return true
  }

  /** Keeps a value that was loaded while the server was away. */
  keepOutage(key: string, keeping: Keeping): void {
    if (keeping.marker.dead) return
    this.#put(key, keeping, undefined, this.#slot(key) === undefined, true)
  }

  /** Drops the entry of a key that a message covers, unless the entry is known to be as new. */
  drop(key: string, counter: number): void {
    const slot = this.#slot(key, STALE_TOO)
    if (slot === undefined || (slot.counter !== undefined && counter <= slot.counter)) return
    void this.#store.write([{ kind: 'delete', key }])
    slot.partition.dropped()
  }

  /** Stops serving the kept entries of a partition, because something may have been missed. */
  flush(partition: PartitionState): void {
    partition.flushed(this.#nextEvent())
  }

  /** Stops serving the entries of a partition that were kept without the server, because the server is back. */
  endOutage(partition: PartitionState): void {
    partition.outageEndedAt = this.#nextEvent()
  }

  /** Whether an entry is kept under this key that bears the tag. */
  bears(key: string, tag: string): boolean {
    return this.#slot(key, STALE_TOO)?.generations?.some((one) => one.tag === tag) === true
  }

  // C1: both logs must be synced, the log of its key and, if it has tags, the log of generations.
  #isSynced({ outage, partition, generations, keptUntilMs }: LocalSlot, nowMs: number): boolean {
    if (nowMs >= keptUntilMs) return false
    if (outage) return true
    return (
      partition.isSynced(this.#maxAgeMs, nowMs) &&
      (generations === undefined || this.#table.partition.isSynced(this.#maxAgeMs, nowMs))
    )
  }

  // Returns the remaining time by the tier's own count; 0 in a store that answers later, which no tier is made of.
  #remainingMs(key: string): number {
    const found = this.#store.read([key], STALE_TOO)
    return isPromise(found) ? 0 : (found.get(key)?.remainingMs ?? 0)
  }

  #verdict(key: string, slot: LocalSlot, reading: Reading | undefined): TagState {
    const { generations } = slot
    const wanted = reading?.tags
    if (wanted !== slot.borne) {
      if (!bears(generations, wanted)) return 'gone'
      slot.borne = wanted
    }
    const table = this.#table
    if (!this.#isSynced(slot, this.#clock.now())) return 'gone'
    // The table has not changed since the last verdict.
    if (generations === undefined || slot.agreedAt === table.version) return 'fresh'
    const verdict = table.agrees(generations)
    if (verdict === 'fresh') {
      slot.agreedAt = table.version
      table.borne(key, generations)
    }
    return verdict
  }

  #put(
    key: string,
    { value, ttlMs, graceMs, generations, partition }: Keeping,
    counter: number | undefined,
    isMore: boolean,
    outage = false,
  ): void {
    // A counter changes too often to be kept, and an increment does not log.
    const stored = Number.isInteger(value) || ttlMs <= 0 ? undefined : this.#values.admit(value).stored
    // The kept entry is older.
    if (stored === undefined) return this.drop(key, Infinity)
    const writtenAt = this.#nextEvent()
    const values = this.#values
    const slot = new LocalSlot({
      stored,
      values,
      partition,
      generations,
      counter,
      writtenAt,
      outage,
      graceMs,
      keptUntilMs: this.#clock.now() + this.#longestMs,
    })
    if (generations !== undefined) this.#table.borne(key, generations)
    void this.#store.write([
      { kind: 'set', key, stored: asStored(slot), ttlMs, ...(graceMs > 0 && { graceMs }) },
    ])
    partition.keeps(Math.min(ttlMs + graceMs, this.#longestMs), isMore)
  }

  #slot(key: string, reading?: Reading): LocalSlot | undefined {
    const stored: unknown = this.#store.get(key, reading)
    if (!(stored instanceof LocalSlot)) return undefined
    const { writtenAt, partition, outage } = stored
    if (writtenAt <= partition.flushedAt || (outage && writtenAt <= partition.outageEndedAt)) return undefined
    return stored
  }
}

function asStored(slot: LocalSlot): Stored {
  return slot as unknown as Stored
}
