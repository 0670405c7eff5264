import type { AgeClock } from '../core/time/age-clock.ts'
import type { TimerHandle, Timers } from '../core/time/clock.ts'
import type { RemoteStore } from '../core/remote-store.ts'
import type { Operation } from './in-flight.ts'
import type { ReturnedLeases } from './returned-leases.ts'

/** Prolongs the leases that this node holds, each for a limited time. A lease that can't be prolonged is dead. */
export class HeldLeases {
  readonly #remote: RemoteStore
  readonly #returned: ReturnedLeases
  readonly #clock: AgeClock
  readonly #timers: Timers
  readonly #leaseMs: number
  readonly #longestMs: number
  readonly #renewed: (marker: Operation) => void
  readonly #held = new Map<Operation, TimerHandle>()

  /**
   * `longestMs` is the longest time for which one lease is held, however slow its loader is. `renewed` is called for
   * each renewed lease.
   */
  constructor(
    remote: RemoteStore,
    returned: ReturnedLeases,
    clock: AgeClock,
    timers: Timers,
    leaseMs: number,
    longestMs: number,
    renewed: (marker: Operation) => void,
  ) {
    this.#renewed = renewed
    this.#remote = remote
    this.#returned = returned
    this.#clock = clock
    this.#timers = timers
    this.#leaseMs = leaseMs
    this.#longestMs = longestMs
  }

  /** Holds a lease, for no longer than `longestMs` if that is less than usual. */
  hold(marker: Operation, longestMs: number = Infinity): void {
    marker.held = true
    this.#schedule(marker, this.#clock.now() + Math.min(longestMs, this.#longestMs))
  }

  /** Stops holding a lease, because it was used or given up. */
  letGo(marker: Operation): void {
    marker.held = false
    this.#timers.clear(this.#held.get(marker))
    this.#held.delete(marker)
  }

  #schedule(marker: Operation, endMs: number): void {
    this.#held.set(
      marker,
      this.#timers.set(() => void this.#renew(marker, endMs), this.#leaseMs / 3),
    )
  }

  async #renew(marker: Operation, endMs: number): Promise<void> {
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
      this.#schedule(marker, endMs)
      this.#renewed(marker)
    } else {
      marker.dead = true
      this.letGo(marker)
    }
  }

  async #prolong(marker: Operation): Promise<boolean> {
    try {
      return await this.#remote.renew(marker.key, marker.token, this.#leaseMs)
    } catch {
      return false
    }
  }
}
