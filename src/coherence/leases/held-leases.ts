import type { AgeClock } from '../../core/time/age-clock.ts'
import type { TimerHandle, Timers } from '../../core/time/clock.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'
import type { Cooldown } from '../../core/store.ts'
import type { Operation } from '../in-flight.ts'
import { ReturnedLeases } from './returned-leases.ts'
import type { CoherenceSettings } from '../settings.ts'

/** Prolongs the leases that this node holds, each for a limited time. A lease that can't be prolonged is dead. */
export class HeldLeases {
  readonly #remote: RemoteStore
  readonly #returned: ReturnedLeases
  readonly #clock: AgeClock
  readonly #timers: Timers
  readonly #settings: Pick<CoherenceSettings, 'leaseMs' | 'longestLeaseMs'>
  readonly #held = new Map<Operation, TimerHandle>()

  constructor(
    remote: RemoteStore,
    clock: AgeClock,
    timers: Timers,
    settings: Pick<CoherenceSettings, 'leaseMs' | 'longestLeaseMs'>,
  ) {
    this.#remote = remote
    this.#returned = new ReturnedLeases(remote, timers)
    this.#clock = clock
    this.#timers = timers
    this.#settings = settings
  }

  /** Holds a lease, for no longer than `longestMs` if that is less than usual; `renewed` is called at each renewal. */
  hold(marker: Operation, longestMs: number = Infinity, renewed?: (marker: Operation) => void): void {
    marker.held = true
    const endMs = this.#clock.now() + Math.min(longestMs, this.#settings.longestLeaseMs)
    this.#schedule(marker, endMs, renewed)
  }

  /** Stops holding a lease, because it was used or given up. */
  letGo(marker: Operation): void {
    marker.held = false
    this.#timers.clear(this.#held.get(marker))
    this.#held.delete(marker)
  }

  /**
   * Ends leases on the server. With a cool-down, each becomes that, unless it is dead: its key has changed, so that the
   * failure of its load counts as little as the value would. Never rejects.
   */
  async giveBack(
    leases: readonly Operation[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void> {
    if (cooldown === undefined || leases.every(({ dead }) => !dead))
      return this.#returned.giveBack(leases, cooldown)
    await this.#returned.giveBack(leases.filter(({ dead }) => dead))
    const alive = leases.filter(({ dead }) => !dead)
    if (alive.length > 0) await this.#returned.giveBack(alive, cooldown)
  }

  close(): void {
    this.#returned.close()
  }

  #schedule(marker: Operation, endMs: number, renewed: ((marker: Operation) => void) | undefined): void {
    const renew = (): void => void this.#renew(marker, endMs, renewed)
    this.#held.set(marker, this.#timers.set(renew, this.#settings.leaseMs / 3))
  }

  async #renew(
    marker: Operation,
    endMs: number,
    renewed: ((marker: Operation) => void) | undefined,
  ): Promise<void> {
    const nowMs = this.#clock.now()
    // The machine was suspended meanwhile. The lease may have ended, and another node may hold it.
    if (marker.bornAtMs < this.#clock.resumedAtMs) marker.dead = true
    if (marker.dead) {
      // A flush may have left the lease on the server. Other nodes must not wait for a load whose value is not stored.
      this.letGo(marker)
      return this.#returned.giveBack([marker])
    }
    const prolonged = nowMs < endMs && (await this.#prolong(marker))
    if (!this.#held.has(marker)) return
    if (prolonged) {
      this.#schedule(marker, endMs, renewed)
      renewed?.(marker)
    } else {
      marker.dead = true
      this.letGo(marker)
    }
  }

  async #prolong(marker: Operation): Promise<boolean> {
    try {
      return await this.#remote.renew(marker.key, marker.token, this.#settings.leaseMs)
    } catch {
      return false
    }
  }
}
