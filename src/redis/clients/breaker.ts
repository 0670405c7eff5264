import type { Clock, Random, TimerHandle, Timers } from '../../core/clock.ts'

/** When a breaker opens and how long it waits before it looks again. */
export interface BreakerOptions {
  /** Failures in a row that open it; default 5. */
  readonly failures?: number | undefined
  /** Milliseconds before the first probe; it doubles with each that fails. Default 1,000. */
  readonly probeAfterMs?: number | undefined
  /** The most that it grows to; default 10,000. */
  readonly probeAtMostMs?: number | undefined
}

/** What a breaker needs of its surroundings. */
export interface BreakerParts {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Asks the server for a sign of life. Rejects when there is none. */
  probe(): Promise<unknown>
  /** Told of each transition, and of each probe that fails. */
  onTransition(to: 'open' | 'closed'): void
  onProbeFailed(inRow: number): void
}

/**
 * Answers in the server's place while it is silent, so that nobody waits for it. Open, it looks by a probe of its own
 * whether the server is back: no caller pays for that.
 */
export class Breaker {
  readonly #failures: number
  readonly #probeAfterMs: number
  readonly #probeAtMostMs: number
  readonly #parts: BreakerParts
  #inRow = 0
  #probesFailed = 0
  #isOpen = false
  #timer: TimerHandle | undefined = undefined

  constructor(options: BreakerOptions, parts: BreakerParts) {
    this.#failures = options.failures ?? 5
    this.#probeAfterMs = options.probeAfterMs ?? 1000
    this.#probeAtMostMs = options.probeAtMostMs ?? 10_000
    this.#parts = parts
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  succeeded(): void {
    this.#inRow = 0
  }

  failed(): void {
    this.#inRow++
    if (this.#isOpen || this.#inRow < this.#failures) return
    this.#isOpen = true
    this.#probesFailed = 0
    this.#parts.onTransition('open')
    this.#schedule()
  }

  /** Everything is new, such as after a reconnection: what was is not held against it. */
  close(): void {
    this.stop()
    this.#inRow = 0
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#parts.onTransition('closed')
  }

  /** Frees the timer. */
  stop(): void {
    if (this.#timer !== undefined) this.#parts.timers.clear(this.#timer)
    this.#timer = undefined
  }

  // Between half of the delay and all of it: nodes that lost the server together don't come back together.
  #schedule(): void {
    const delayMs = Math.min(this.#probeAfterMs * 2 ** this.#probesFailed, this.#probeAtMostMs)
    const jitteredMs = delayMs * (0.5 + this.#parts.random() / 2)
    this.#timer = this.#parts.timers.set(() => void this.#probe(), jitteredMs)
  }

  async #probe(): Promise<void> {
    this.#timer = undefined
    try {
      await this.#parts.probe()
      this.close()
    } catch {
      if (!this.#isOpen || this.#timer !== undefined) return
      this.#probesFailed++
      this.#schedule()
      this.#parts.onProbeFailed(this.#probesFailed)
    }
  }
}
