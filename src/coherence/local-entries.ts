import type { RemoteFound, RemoteResult } from '../core/remote/operations.ts'
import type { EntrySettings, Stored } from '../core/store.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { Keeping } from './local-tier.ts'
import type { Operation } from './in-flight.ts'
import type { NodeState } from './node-state.ts'
import type { Outbox } from './queues/outbox.ts'

/** Gives the results of calls to the server to the local tier, if there is one. */
export class LocalEntries {
  readonly #state: NodeState
  readonly #followers: LogFollowers
  readonly #outbox: Outbox

  constructor(state: NodeState, followers: LogFollowers, outbox: Outbox) {
    this.#state = state
    this.#followers = followers
    this.#outbox = outbox
  }

  /** Keeps an entry that a read of the server has found; the read was sent at `startedAtMs`. */
  read(
    marker: Operation,
    { stored, remainingMs, graceMs = 0, generations }: RemoteFound,
    startedAtMs: number,
  ): void {
    if (this.#state.local === undefined) return
    const ttlMs = remainingMs - graceMs - this.#since(startedAtMs)
    let keeping: Keeping
    try {
      keeping = this.#keeping(marker, stored, { ttlMs, graceMs }, generations)
    } catch {
      // The entry is unreadable, which its reader finds out, too.
      return
    }
    this.#keepRead(marker.key, keeping)
  }

  /** Keeps an entry that a write or a fill has stored; it was sent at `startedAtMs`. */
  written(
    marker: Operation,
    { stored, ttlMs, graceMs }: { readonly stored: Stored } & EntrySettings,
    { ok, head, logged = false }: RemoteResult,
    startedAtMs: number,
  ): void {
    const { local } = this.#state
    // An invalidation that is queued by now is newer than this.
    if (local === undefined || !ok || this.#outbox.has(marker.key)) return
    const follower = this.#followers.of(marker.key)
    if (!follower.knows(head)) return
    const entry = { ttlMs: ttlMs - this.#since(startedAtMs), graceMs }
    const keeping = this.#keeping(marker, stored, entry, marker.generations)
    if (local.keepWritten(marker.key, { ...keeping, head, logged }))
      follower.catchUp(this.#state.settings.maxLagMs)
  }

  /** Keeps a loaded value in L1 only, as if it had been read from the server. */
  loaded(marker: Operation, { stored, ttlMs, graceMs }: { readonly stored: Stored } & EntrySettings): void {
    if (this.#state.local === undefined) return
    this.#keepRead(marker.key, this.#keeping(marker, stored, { ttlMs, graceMs }, marker.generations))
  }

  /** Keeps a value that was loaded while the server is away, for a while, so that the cache still caches. */
  outage(marker: Operation, { stored, ttlMs }: { readonly stored: Stored } & EntrySettings): void {
    const { local, settings } = this.#state
    const { policy, maxStaleMs, maxLagMs } = settings
    if (local === undefined || policy === 'strict') return
    // The server has answered, for example that another process loads the key.
    if (!marker.unanswered && this.#state.partitionOf(marker.key).isSynced(maxLagMs)) return
    const leftMs = Math.min(ttlMs, maxStaleMs - this.#since(marker.bornAtMs))
    local.keepOutage(marker.key, this.#keeping(marker, stored, { ttlMs: leftMs }, marker.generations))
  }

  #keepRead(key: string, keeping: Keeping): void {
    if (this.#state.local!.keepRead(key, keeping))
      this.#followers.of(key).catchUp(this.#state.settings.maxLagMs)
  }

  // Other callers get the value as the server gives it back, even if this caller changes its own.
  #keeping(
    marker: Operation,
    stored: Stored,
    { ttlMs, graceMs = 0 }: EntrySettings,
    generations: Operation['generations'],
  ): Keeping {
    const partition = this.#state.partitionOf(marker.key)
    return { marker, partition, value: this.#state.remote.view(stored), ttlMs, graceMs, generations }
  }

  #since(atMs: number): number {
    return this.#state.clock.now() - atMs
  }
}
