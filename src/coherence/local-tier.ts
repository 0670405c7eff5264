import type { Clock } from '../core/time/clock.ts'
import { Envelope } from '../core/envelope.ts'
import type { TierState } from '../core/explanation.ts'
import { isPromise } from '../core/promise.ts'
import type { Generations, Head } from '../core/remote-store.ts'
import type { Found, Reading, Store, Stored } from '../core/store.ts'
import type { LogFollower } from './log/log-follower.ts'
import type { GenerationTable } from './tags/generation-table.ts'
import type { Operation } from './in-flight.ts'
import { bears, type TagState } from './tags/tag-state.ts'

/** How a tier takes values in and hands them out. */
export type ValueForm = Pick<Store, 'admit' | 'view'>

const STALE_TOO: Reading = { stale: true }

/** An entry of the local tier: the value as that tier keeps it, and what its validity depends on. */
export class LocalSlot extends Envelope {
  readonly stored: Stored
  readonly values: ValueForm
  readonly follower: LogFollower
  /** Those of its tags, if it has any. */
  readonly generations: Generations | undefined
  /** The counter of the log at which it was true; `undefined` for one that came from a read. */
  readonly counter: number | undefined
  /** When it was written, in the order of this node's events. */
  readonly writtenAt: number
  /** Kept while the server was away: served whatever the sync says, until its own deadline or the next sync. */
  readonly outage: boolean
  /** Whether it may be served as stale. */
  readonly hasGrace: boolean
  /** When the tier must ask again, however long the entry lives. */
  readonly keptUntilMs: number
  /** The version of the table of generations that found it fresh. */
  agreedAt = -1
  /** The tags of the reader that was found to be in a namespace of the entry last. */
  borne: readonly string[] | undefined

  constructor(slot: Omit<LocalSlot, 'agreedAt' | 'borne' | 'view'>) {
    super()
    this.stored = slot.stored
    this.values = slot.values
    this.follower = slot.follower
    this.generations = slot.generations
    this.counter = slot.counter
    this.writtenAt = slot.writtenAt
    this.outage = slot.outage
    this.hasGrace = slot.hasGrace
    this.keptUntilMs = slot.keptUntilMs
  }

  view(): unknown {
    return this.values.view(this.stored)
  }
}

/** What is to be kept, and why it may be. */
export interface Keeping {
  readonly marker: Operation
  readonly follower: LogFollower
  readonly value: unknown
  /** Milliseconds for which it is fresh yet, and those of its grace after that. */
  readonly ttlMs: number
  readonly graceMs: number
  readonly generations: Generations | undefined
  /** The reply of a write or a fill; absent for a read. */
  readonly head?: Head | undefined
  /** Whether the write is the last entry of that head: then messages up to it are older. */
  readonly logged?: boolean
}

/** What the local tier works with. */
export interface LocalTierParts {
  readonly store: Store
  /** How it keeps values. */
  readonly values: ValueForm
  readonly table: GenerationTable
  readonly clock: Clock
  /** The sync age up to which it serves. */
  readonly maxAgeMs: number
  /** The sync age beyond which keeping an entry starts a sync. */
  readonly maxLagMs: number
  /** For how long it keeps an entry at most. */
  readonly longestMs: number
  /** The next place in the order of this node's events. */
  nextEvent(): number
}

/** This node's own tier: what it may keep of the server's entries, and when it must not serve it. */
export class LocalTier {
  readonly #store: Store
  readonly #values: ValueForm
  readonly #table: GenerationTable
  readonly #clock: Clock
  readonly #maxAgeMs: number
  readonly #maxLagMs: number
  readonly #longestMs: number
  readonly #nextEvent: () => number

  constructor(parts: LocalTierParts) {
    const { store, values, table, clock, maxAgeMs, maxLagMs, longestMs, nextEvent } = parts
    this.#store = store
    this.#values = values
    this.#table = table
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
    this.#maxLagMs = maxLagMs
    this.#longestMs = longestMs
    this.#nextEvent = nextEvent
  }

  /** The fresh entry of a key, if it may be served now (C1). */
  get(key: string, reading?: Reading): Stored | undefined {
    const slot = this.#slot(key)
    return slot !== undefined && this.#verdict(key, slot, reading) === 'fresh' ? asStored(slot) : undefined
  }

  /** The entry of a key with its remaining time, stale if the reader takes that. */
  find(key: string, reading?: Reading): Found | undefined {
    const slot = this.#slot(key, reading?.stale === true ? STALE_TOO : undefined)
    if (slot === undefined) return undefined
    const verdict = this.#verdict(key, slot, reading)
    const isServed = verdict === 'fresh' || (verdict === 'stale' && slot.hasGrace && reading?.stale === true)
    if (!isServed) return undefined
    const remainingMs = this.#remainingMs(key)
    return {
      stored: asStored(slot),
      remainingMs: verdict === 'fresh' ? remainingMs : Math.min(remainingMs, 0),
    }
  }

  /** What there is of a key, and why it is served or not. */
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
    const { generations, hasGrace } = slot
    const entry = { generations, remainingMs: this.#remainingMs(key) }
    if (!this.#isSynced(slot, this.#clock.now())) return { ...entry, state: 'unsynced' }
    const verdict = this.#verdict(key, slot, reading)
    if (verdict === 'gone' || (verdict === 'stale' && !hasGrace)) return { ...entry, state: 'invalidated' }
    return { ...entry, state: verdict === 'fresh' && entry.remainingMs > 0 ? 'fresh' : 'stale' }
  }

  /** Keeps what a read found, unless something invalidated it meanwhile (C2, C3, C3b). */
  keepRead(key: string, keeping: Keeping): void {
    const { marker } = keeping
    const present = this.#slot(key)
    if (marker.dead || (present !== undefined && present.writtenAt > marker.bornAt)) return
    this.#put(key, keeping, undefined, present === undefined)
    keeping.follower.catchUp(this.#maxLagMs)
  }

  /** Keeps what was written, by the counters of the reply and of the messages that came meanwhile (C3, C3b). */
  keepWritten(key: string, keeping: Keeping): void {
    const { marker, follower, head, logged } = keeping
    if (!follower.knows(head)) return
    const { counter } = head!
    const isCurrent = logged === true ? marker.lastCounter <= counter : !marker.dead
    const present = this.#slot(key)
    if (!isCurrent || (present?.counter !== undefined && present.counter > counter)) return
    this.#put(key, keeping, counter, present === undefined)
    follower.catchUp(this.#maxLagMs)
  }

  /** Keeps what was loaded while the server was away. */
  keepOutage(key: string, keeping: Keeping): void {
    if (keeping.marker.dead) return
    this.#put(key, keeping, undefined, this.#slot(key) === undefined, true)
  }

  /** A message covers the key: what is kept goes, unless it is known to be as new. */
  drop(key: string, counter: number): void {
    const slot = this.#slot(key, STALE_TOO)
    if (slot === undefined || (slot.counter !== undefined && counter <= slot.counter)) return
    void this.#store.write([{ kind: 'delete', key }])
    slot.follower.dropped()
  }

  /** The partition may have missed something: nothing that is kept of it is served again. */
  flush(follower: LogFollower): void {
    follower.flushed(this.#nextEvent())
  }

  /** The server is back: what was kept of the partition without it is served no more. */
  endOutage(follower: LogFollower): void {
    follower.outageEndedAt = this.#nextEvent()
  }

  /** Whether an entry is kept under this key that bears the tag. */
  bears(key: string, tag: string): boolean {
    return this.#slot(key, STALE_TOO)?.generations?.some((one) => one.tag === tag) === true
  }

  // C1: both logs must be synced, that of its key and, if it has tags, that of generations.
  #isSynced({ outage, follower, generations, keptUntilMs }: LocalSlot, nowMs: number): boolean {
    if (nowMs >= keptUntilMs) return false
    if (outage) return true
    return (
      follower.isSynced(this.#maxAgeMs, nowMs) &&
      (generations === undefined || this.#table.follower.isSynced(this.#maxAgeMs, nowMs))
    )
  }

  // By the tier's own count; 0 in a store that answers later, which no tier is made of.
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
    // The table has not changed since it was asked last.
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
    { value, ttlMs, graceMs, generations, follower }: Keeping,
    counter: number | undefined,
    isMore: boolean,
    outage = false,
  ): void {
    // A counter changes too often to be kept, and an increment does not log.
    const stored = Number.isInteger(value) || ttlMs <= 0 ? undefined : this.#values.admit(value).stored
    // What is kept is older.
    if (stored === undefined) return this.drop(key, Infinity)
    const hasGrace = graceMs > 0
    const writtenAt = this.#nextEvent()
    const values = this.#values
    const slot = new LocalSlot({
      stored,
      values,
      follower,
      generations,
      counter,
      writtenAt,
      outage,
      hasGrace,
      keptUntilMs: this.#clock.now() + this.#longestMs,
    })
    if (generations !== undefined) this.#table.borne(key, generations)
    void this.#store.write([
      { kind: 'set', key, stored: asStored(slot), ttlMs, ...(hasGrace && { graceMs }) },
    ])
    follower.keeps(Math.min(ttlMs + graceMs, this.#longestMs), isMore)
  }

  #slot(key: string, reading?: Reading): LocalSlot | undefined {
    const stored: unknown = this.#store.get(key, reading)
    if (!(stored instanceof LocalSlot)) return undefined
    const { writtenAt, follower, outage } = stored
    if (writtenAt <= follower.flushedAt || (outage && writtenAt <= follower.outageEndedAt)) return undefined
    return stored
  }
}

function asStored(slot: LocalSlot): Stored {
  return slot as unknown as Stored
}
