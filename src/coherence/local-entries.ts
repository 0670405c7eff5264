import type { Clock } from '../core/time/clock.ts'
import type { RemoteFound, RemoteResult, RemoteStore } from '../core/remote-store.ts'
import type { EntrySettings, Stored } from '../core/store.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { Keeping, LocalTier } from './local-tier.ts'
import type { Operation } from './in-flight.ts'
import type { Outbox } from './queues/outbox.ts'
import type { CoherenceSettings } from './settings.ts'

/** The parts that keeping entries in this node uses. */
export interface LocalEntriesParts {
  readonly remote: RemoteStore
  readonly local: LocalTier | undefined
  readonly following: LogFollowers
  readonly outbox: Outbox
  readonly settings: CoherenceSettings
  readonly clock: Clock
}

/** Gives the results of calls to the server to the local tier, if there is one. */
export class LocalEntries {
  readonly #parts: LocalEntriesParts

  constructor(parts: LocalEntriesParts) {
    this.#parts = parts
  }

  /** Keeps an entry that a read of the server has found; the read was sent at `startedAtMs`. */
  read(
    marker: Operation,
    { stored, remainingMs, graceMs = 0, generations }: RemoteFound,
    startedAtMs: number,
  ): void {
    const { local } = this.#parts
    if (local === undefined) return
    const ttlMs = remainingMs - graceMs - this.#since(startedAtMs)
    let keeping: Keeping
    try {
      keeping = this.#keeping(marker, stored, { ttlMs, graceMs }, generations)
    } catch {
      // The entry is unreadable, which its reader finds out, too.
      return
    }
    local.keepRead(marker.key, keeping)
  }

  /** Keeps an entry that a write or a fill has stored; it was sent at `startedAtMs`. */
  written(
    marker: Operation,
    { stored, ttlMs, graceMs }: { readonly stored: Stored } & EntrySettings,
    { ok, head, logged = false }: RemoteResult,
    startedAtMs: number,
  ): void {
    const { local, outbox } = this.#parts
    // An invalidation that is queued by now is newer than this.
    if (local === undefined || !ok || outbox.has(marker.key)) return
    const entry = { ttlMs: ttlMs - this.#since(startedAtMs), graceMs }
    const keeping = this.#keeping(marker, stored, entry, marker.generations)
    local.keepWritten(marker.key, { ...keeping, head, logged })
  }

  /** Keeps a loaded value in L1 only, as if it had been read from the server. */
  loaded(marker: Operation, { stored, ttlMs, graceMs }: { readonly stored: Stored } & EntrySettings): void {
    const { local } = this.#parts
    local?.keepRead(marker.key, this.#keeping(marker, stored, { ttlMs, graceMs }, marker.generations))
  }

  /** Keeps a value that was loaded while the server is away, for a while, so that the cache still caches. */
  outage(marker: Operation, { stored, ttlMs }: { readonly stored: Stored } & EntrySettings): void {
    const { local, following, settings } = this.#parts
    const { policy, maxStaleMs, maxLagMs } = settings
    if (local === undefined || policy === 'strict' || following.of(marker.key).isSynced(maxLagMs)) return
    const leftMs = Math.min(ttlMs, maxStaleMs - this.#since(marker.bornAtMs))
    local.keepOutage(marker.key, this.#keeping(marker, stored, { ttlMs: leftMs }, marker.generations))
  }

  // Other callers get the value as the server gives it back, even if this caller changes its own.
  #keeping(
    marker: Operation,
    stored: Stored,
    { ttlMs, graceMs = 0 }: EntrySettings,
    generations: Operation['generations'],
  ): Keeping {
    const follower = this.#parts.following.of(marker.key)
    return { marker, follower, value: this.#parts.remote.view(stored), ttlMs, graceMs, generations }
  }

  #since(atMs: number): number {
    return this.#parts.clock.now() - atMs
  }
}
