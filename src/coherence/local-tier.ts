import type { Generations, Head } from '../core/remote-store.ts'
import type { Reading, Store, Stored } from '../core/store.ts'
import type { Follower } from './follower.ts'
import { bears, type GenerationTable } from './generations.ts'
import type { Marker } from './markers.ts'

/** An entry of the local tier: the value as that tier keeps it, and what its validity depends on. */
export class LocalSlot {
  readonly stored: Stored
  readonly follower: Follower
  /** Those of its tags, if it has any. */
  readonly generations: Generations | undefined
  /** The counter of the log at which it was true; `undefined` for one that came from a read. */
  readonly counter: number | undefined
  /** When it was written, in the order of this node's events. */
  readonly writtenAt: number
  /** Kept while the server was away: served whatever the sync says, until its own deadline or the next sync. */
  readonly outage: boolean

  constructor(slot: LocalSlot) {
    this.stored = slot.stored
    this.follower = slot.follower
    this.generations = slot.generations
    this.counter = slot.counter
    this.writtenAt = slot.writtenAt
    this.outage = slot.outage
  }
}

/** What is to be kept, and why it may be. */
export interface Keeping {
  readonly marker: Marker
  readonly follower: Follower
  readonly value: unknown
  readonly ttlMs: number
  readonly generations: Generations | undefined
  /** The reply of a write or a fill; absent for a read. */
  readonly head?: Head | undefined
  /** Whether the write is the last entry of that head: then messages up to it are older. */
  readonly logged?: boolean
}

/** This node's own tier: what it may keep of the server's entries, and when it must not serve it. */
export class LocalTier {
  readonly #store: Store
  readonly #maxAgeMs: number
  readonly #nextEvent: () => number
  readonly #outages = new Set<string>()
  readonly #table: GenerationTable

  /** `maxAgeMs` is the sync age up to which it serves. */
  constructor(store: Store, table: GenerationTable, maxAgeMs: number, nextEvent: () => number) {
    this.#store = store
    this.#table = table
    this.#maxAgeMs = maxAgeMs
    this.#nextEvent = nextEvent
  }

  /** The entry of a key, if it may be served now (C1). */
  get(key: string, reading?: Reading): Stored | undefined {
    const slot = this.#slot(key)
    if (slot === undefined || !(slot.outage || slot.follower.isSynced(this.#maxAgeMs))) return undefined
    if (!bears(slot.generations, reading?.tags)) return undefined
    if (slot.generations !== undefined && !this.#isCurrent(slot)) return undefined
    return slot as unknown as Stored
  }

  // An entry with tags needs both logs: that of its key and that of generations.
  #isCurrent({ generations, outage }: LocalSlot): boolean {
    const { follower } = this.#table
    return (outage || follower.isSynced(this.#maxAgeMs)) && this.#table.agrees(generations)
  }

  view(slot: LocalSlot): unknown {
    return this.#store.view(slot.stored)
  }

  /** Keeps what a read found, unless something invalidated it meanwhile (C2, C3, C3b). */
  keepRead(key: string, { marker, follower, value, ttlMs, generations }: Keeping): void {
    const present = this.#slot(key)
    if (marker.dead || (present !== undefined && present.writtenAt > marker.bornAt)) return
    this.#put(key, value, ttlMs, { follower, generations, counter: undefined, outage: false })
  }

  /** Keeps what was written, by the counters of the reply and of the messages that came meanwhile (C3, C3b). */
  keepWritten(key: string, { marker, follower, value, ttlMs, generations, head, logged }: Keeping): void {
    if (!follower.knows(head)) return
    const { counter } = head!
    const isCurrent = logged === true ? marker.lastCounter <= counter : !marker.dead
    const present = this.#slot(key)?.counter
    if (!isCurrent || (present !== undefined && present > counter)) return
    this.#put(key, value, ttlMs, { follower, generations, counter, outage: false })
  }

  /** Keeps what was loaded while the server was away. */
  keepOutage(key: string, { marker, follower, value, ttlMs, generations }: Keeping): void {
    if (marker.dead) return
    this.#put(key, value, ttlMs, { follower, generations, counter: undefined, outage: true })
    this.#outages.add(key)
  }

  /** A message covers the key: what is kept goes, unless it is known to be as new. */
  drop(key: string, counter: number): void {
    const slot = this.#slot(key)
    if (slot === undefined || (slot.counter !== undefined && counter <= slot.counter)) return
    void this.#store.write([{ kind: 'delete', key }])
  }

  dropPrefix(prefix: string): void {
    void this.#store.deleteByPrefix(prefix)
  }

  /** The partition may have missed something: nothing that is kept of it is served again. */
  flush(follower: Follower): void {
    follower.flushedAt = this.#nextEvent()
  }

  /** The server is back: what was kept without it goes. */
  dropOutages(covers: (key: string) => boolean): void {
    for (const key of this.#outages) {
      if (!covers(key)) continue
      this.#outages.delete(key)
      if (this.#slot(key)?.outage) this.drop(key, Infinity)
    }
  }

  #put(
    key: string,
    value: unknown,
    ttlMs: number,
    slot: Pick<LocalSlot, 'follower' | 'generations' | 'counter' | 'outage'>,
  ): void {
    // A counter changes too often to be kept, and an increment does not log.
    if (Number.isInteger(value) || ttlMs <= 0) return
    const { stored } = this.#store.admit(value)
    if (stored === undefined) return
    const kept = new LocalSlot({ ...slot, stored, writtenAt: this.#nextEvent() })
    void this.#store.write([{ kind: 'set', key, stored: kept as unknown as Stored, ttlMs }])
  }

  #slot(key: string): LocalSlot | undefined {
    const stored: unknown = this.#store.get(key)
    return stored instanceof LocalSlot && stored.writtenAt > stored.follower.flushedAt ? stored : undefined
  }
}
