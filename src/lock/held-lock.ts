import { AgeClock } from '../core/time/age-clock.ts'
import type { AtomicStore, StateKey } from '../core/atomic-store.ts'
import type { TimerHandle } from '../core/time/clock.ts'
import { LockLostError } from '../core/errors.ts'
import type { LockSettings } from './options.ts'
import { releaseStep, renewStep } from './steps.ts'
import { count } from './wanted.ts'

// The last part of the ttl, in which the holder no longer trusts it. Its signal is aborted before another caller can
// hold.
const MARGIN = 0.1

/** The parts of a holding. */
export interface Holding {
  readonly store: AtomicStore
  readonly state: StateKey
  readonly settings: LockSettings
  readonly token: string
  readonly fence: number
  /** The time at which the granted question was sent, by the clock of this process. */
  readonly sentMs: number
  /** Called once, when the permit is released or lost. */
  onEnd(): void
}

/**
 * A permit that is held. It is renewed until it is released, and released at the end of an `await using` block. If it
 * is lost, `signal` is aborted before another caller can get it, unless the process itself stood still. Only a resource
 * that refuses lower fencing numbers is safe from that.
 */
export class HeldLock {
  readonly #holding: Holding
  // Made when a caller reads it, because a signal costs more than all else.
  #controller: AbortController | undefined
  #lost: LockLostError | undefined
  #expiresMs: number
  readonly #heldSinceMs: number
  #timer: TimerHandle
  #released: Promise<boolean> | undefined

  /** Made by `acquire`, not by callers. */
  constructor(holding: Holding) {
    this.#holding = holding
    this.#heldSinceMs = holding.sentMs
    this.#expiresMs = holding.sentMs + holding.settings.ttlMs
    this.#schedule(holding.settings.ttlMs / 3)
  }

  /** The key of the lock or semaphore. */
  get key(): string {
    return this.#holding.state.key
  }

  /**
   * The fencing number: higher than that of any earlier holding of the key. Give it to the resource, which must refuse
   * requests with a lower number than it has seen.
   */
  get fence(): number {
    return this.#holding.fence
  }

  /** The signal that is aborted with a LockLostError if the permit is lost. A release does not abort it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#lost !== undefined) this.#controller.abort(this.#lost)
    return this.#controller.signal
  }

  /** The milliseconds for which this process may still take the permit for held; 0 = it is lost or released. */
  get remainingMs(): number {
    if (this.#released !== undefined || this.#lost !== undefined) return 0
    const leftMs = Math.max(0, this.#trustedUntilMs - this.#holding.store.clock.now())
    return this.#wasSuspended ? 0 : leftMs
  }

  /**
   * Gives the permit back. A second call waits for the first. `true` = it was held until now. `false` = it was lost
   * before, or the store is unavailable and will free it at the end of its ttl. Never rejects.
   */
  async release(): Promise<boolean> {
    this.#released ??= this.#release()
    return this.#released
  }

  /** Gives the permit back at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  // Whether the machine stood still. The server went on counting then, and may have given the permit to another caller.
  get #wasSuspended(): boolean {
    const { clock } = this.#holding.store
    return clock instanceof AgeClock && clock.resumedAtMs > this.#expiresMs - this.#holding.settings.ttlMs
  }

  get #trustedUntilMs(): number {
    return this.#expiresMs - this.#holding.settings.ttlMs * MARGIN
  }

  async #release(): Promise<boolean> {
    const { store, state, token } = this.#holding
    const wasLost = this.#lost !== undefined
    store.timers.clear(this.#timer)
    try {
      const held = await store.run(releaseStep, state, { token })
      return held && !wasLost
    } catch {
      return false
    } finally {
      if (!wasLost) this.#holding.onEnd()
    }
  }

  #schedule(delayMs: number): void {
    const { clock, timers } = this.#holding.store
    timers.clear(this.#timer)
    if (this.#released !== undefined || this.#lost !== undefined) return
    const leftMs = this.#trustedUntilMs - clock.now()
    // Two events share the timer: the next renewal and the end of trust. The earlier one sets it.
    const isLast = delayMs >= leftMs
    this.#timer = timers.set(
      () => {
        if (isLast) this.#lose('it was not renewed in time')
        else void this.#renew()
      },
      Math.max(0, Math.min(delayMs, leftMs)),
    )
  }

  async #renew(): Promise<void> {
    const { store, state, token, settings } = this.#holding
    const { ttlMs, maxHoldMs } = settings
    const sentMs = store.clock.now()
    if (this.#wasSuspended) return this.#lose('the machine was suspended')
    if (sentMs - this.#heldSinceMs >= maxHoldMs) return this.#schedule(Infinity)
    // The end of trust is watched meanwhile, regardless of the answer.
    this.#schedule(Infinity)
    let held: boolean | undefined
    try {
      held = await store.run(renewStep, state, { token, ttlMs })
    } catch {
      held = undefined
    }
    if (this.#released !== undefined) return
    if (held === false) return this.#lose('somebody else may hold it, or it was deleted')
    if (held) this.#expiresMs = sentMs + ttlMs
    this.#schedule(held ? ttlMs / 3 - (store.clock.now() - sentMs) : ttlMs * MARGIN)
  }

  #lose(why: string): void {
    const { store, state } = this.#holding
    if (this.#released !== undefined || this.#lost !== undefined) return
    store.timers.clear(this.#timer)
    count(this.#holding, 'lost')
    this.#lost = new LockLostError(`${state.kind} ${state.key} is lost: ${why}`)
    this.#controller?.abort(this.#lost)
    this.#holding.onEnd()
  }
}
