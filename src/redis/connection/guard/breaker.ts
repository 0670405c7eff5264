import type { Clock, Random, TimerHandle, Timers } from '../../../core/time/clock.ts'

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
  /** Told of each transition. */
  onTransition(to: 'open' | 'closed'): void
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
  #timer: TimerHandle = undefined

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
    if (this.#inRow >= this.#failures) this.open()
  }

  /** Opens it, because there is no doubt that the server is silent. */
  open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#probesFailed = 0
    this.#parts.onTransition('open')
    this.#schedule()
  }

  /** Looks at once whether the server answers, because there is another connection. */
  look(): void {
    if (!this.#isOpen || this.#timer === undefined) return
    this.#parts.timers.clear(this.#timer)
    this.#probesFailed = 0
    void this.#probe()
  }

  /** The connection is another, or there is none: what was is not held against it. */
  reset(): void {
    if (this.#timer !== undefined) this.#parts.timers.clear(this.#timer)
    this.#timer = undefined
    this.#inRow = 0
    this.#isOpen = false
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
      if (!this.#isOpen) return
      this.reset()
      this.#parts.onTransition('closed')
    } catch {
      if (!this.#isOpen || this.#timer !== undefined) return
      this.#probesFailed++
      this.#schedule()
    }
  }
}
