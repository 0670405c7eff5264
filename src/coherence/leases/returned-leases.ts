import type { TimerHandle, Timers } from '../../core/time/clock.ts'
import type { RemoteStore } from '../../core/remote/remote-store.ts'
import type { Cooldown } from '../../core/store.ts'

/** The name of a lease on the server. */
interface HeldLease {
  readonly key: string
  readonly token: string
}

/** The pause before unacknowledged leases are given back again. */
const AGAIN_MS = 1_000
/** The most leases that are kept for that. A dropped one ends on the server by itself. */
const MOST_OWED = 10_000

/**
 * Gives leases back to the server, again and again until it acknowledges that. A server that froze may still grant a
 * lease long after the caller has gone.
 */
export class ReturnedLeases {
  readonly #remote: RemoteStore
  readonly #timers: Timers
  readonly #stop: () => void
  // By token, because each is of one load.
  readonly #owed = new Map<string, HeldLease>()
  #timer: TimerHandle = undefined
  #isSending = false
  #isClosed = false

  constructor(remote: RemoteStore, timers: Timers) {
    this.#remote = remote
    this.#timers = timers
    this.#stop = remote.onReconnect(() => void this.#sendOwed())
  }

  /** Ends leases on the server. With a cool-down, each becomes that. Never rejects. */
  async giveBack(
    leases: readonly HeldLease[],
    cooldown?: Cooldown & { readonly forMs: number },
  ): Promise<void> {
    try {
      await this.#remote.release(leases, cooldown)
    } catch {
      for (const { key, token } of leases) this.#owe({ key, token })
      this.#schedule()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#stop()
    this.#timers.clear(this.#timer)
    this.#owed.clear()
  }

  #owe(lease: HeldLease): void {
    if (this.#owed.size >= MOST_OWED) this.#owed.delete(this.#owed.keys().next().value!)
    this.#owed.set(lease.token, lease)
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = this.#timers.set(() => {
      this.#timer = undefined
      void this.#sendOwed()
    }, AGAIN_MS)
  }

  async #sendOwed(): Promise<void> {
    if (this.#owed.size === 0 || this.#isSending) return
    this.#isSending = true
    const leases = [...this.#owed.values()]
    try {
      await this.#remote.release(leases)
      for (const { token } of leases) this.#owed.delete(token)
    } catch {
      // It is told again.
    } finally {
      this.#isSending = false
    }
    if (this.#owed.size > 0) this.#schedule()
  }
}
