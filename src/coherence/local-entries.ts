import type { Clock } from '../core/time/clock.ts'
import type { RemoteFound, RemoteResult, RemoteStore } from '../core/remote-store.ts'
import type { EntrySettings, Stored } from '../core/store.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { Keeping, LocalTier } from './local-tier.ts'
import type { Operation } from './in-flight.ts'
import type { Outbox } from './queues/outbox.ts'
import type { CoherenceSettings } from './settings.ts'

/** What keeping entries in this node works with. */
export interface LocalEntriesParts {
  readonly remote: RemoteStore
  readonly local: LocalTier | undefined
  readonly following: LogFollowers
  readonly outbox: Outbox
  readonly settings: CoherenceSettings
  readonly clock: Clock
}

/** Gives the local tier, if there is one, what calls to the server bring. */
export class LocalEntries {
  readonly #parts: LocalEntriesParts

  constructor(parts: LocalEntriesParts) {
    this.#parts = parts
  }

  /** What a read of the server found, asked at `startedAtMs`. */
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
      // It can't be read, which its reader finds out, too.
      return
    }
    local.keepRead(marker.key, keeping)
  }

  /** What a write or a fill has stored, sent at `startedAtMs`. */
  written(
    marker: Operation,
    { stored, ttlMs, graceMs }: { readonly stored: Stored } & EntrySettings,
    { ok, head, logged = false }: RemoteResult,
    startedAtMs: number,
  ): void {
    const { local, outbox } = this.#parts
    // What is queued all the same is newer than this.
    if (local === undefined || !ok || outbox.has(marker.key)) return
    const entry = { ttlMs: ttlMs - this.#since(startedAtMs), graceMs }
    const keeping = this.#keeping(marker, stored, entry, marker.generations)
    local.keepWritten(marker.key, { ...keeping, head, logged })
  }

  /** What was loaded, and is not to be stored on the server: kept here as what a read has found is. */
  loaded(marker: Operation, { stored, ttlMs, graceMs }: { readonly stored: Stored } & EntrySettings): void {
    const { local } = this.#parts
    local?.keepRead(marker.key, this.#keeping(marker, stored, { ttlMs, graceMs }, marker.generations))
  }

  /** What was loaded while the server is away: kept for a while, so that the cache still caches. */
  outage(marker: Operation, { stored, ttlMs }: { readonly stored: Stored } & EntrySettings): void {
    const { local, following, settings } = this.#parts
    const { policy, maxStaleMs, maxLagMs } = settings
    if (local === undefined || policy === 'strict' || following.of(marker.key).isSynced(maxLagMs)) return
    const leftMs = Math.min(ttlMs, maxStaleMs - this.#since(marker.bornAtMs))
    local.keepOutage(marker.key, this.#keeping(marker, stored, { ttlMs: leftMs }, marker.generations))
  }

  // What is kept is what others will read: the value that the server gives back, whatever the caller does to his.
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
