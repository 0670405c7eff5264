import { randomUUID } from 'node:crypto'
import { onAbort } from '../core/abort.ts'
import type { AtomicStore } from '../core/atomic-store.ts'
import type { TimerHandle } from '../core/time/clock.ts'
import type { HeldLock } from './held-lock.ts'
import type { LockSettings } from './options.ts'

/** The settings of a waiting caller. */
export interface Waiting {
  readonly store: AtomicStore
  readonly settings: LockSettings
  readonly longestMs: number
  readonly signal: AbortSignal | undefined
  /** Called when its time is over. This does not end the waiting. */
  onLate(waiter: Waiter): void
  /** Called when it gives up, before it is rejected. */
  onLeave(waiter: Waiter): void
}

/** A caller in a line. */
export class Waiter {
  readonly token: string = randomUUID()
  readonly settings: LockSettings
  readonly longestMs: number
  readonly held: Promise<HeldLock>
  /** Whether an unanswered question may have got it a permit. */
  isUnsure = false
  readonly #waiting: Waiting
  readonly #untilMs: number
  readonly #stop: (() => void) | undefined
  #timer: TimerHandle
  #resolve!: (held: HeldLock) => void
  #reject!: (reason: unknown) => void

  constructor(waiting: Waiting) {
    const { store, settings, longestMs, signal } = waiting
    this.#waiting = waiting
    this.settings = settings
    this.longestMs = longestMs
    this.#untilMs = store.clock.now() + longestMs
    this.held = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#stop = signal && onAbort(signal, (reason) => this.leave(reason))
    this.#watch()
  }

  /** Whether its time is over. */
  get isLate(): boolean {
    return this.#untilMs <= this.#waiting.store.clock.now()
  }

  /** Ends the waiting with a permit. */
  take(held: HeldLock): void {
    this.#end()
    this.#resolve(held)
  }

  /** Ends the waiting without a permit. */
  leave(reason: unknown): void {
    this.#end()
    this.#waiting.onLeave(this)
    this.#reject(reason)
  }

  #end(): void {
    this.#waiting.store.timers.clear(this.#timer)
    this.#stop?.()
  }

  #watch(): void {
    const { timers, clock } = this.#waiting.store
    const leftMs = this.#untilMs - clock.now()
    if (leftMs === Infinity) return
    this.#timer = timers.set(
      () => {
        if (this.isLate) this.#waiting.onLate(this)
        else this.#watch()
      },
      leftMs,
      'awaited',
    )
  }
}
