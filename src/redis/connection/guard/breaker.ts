import type { Random, TimerHandle, Timers } from '../../../core/time/clock.ts'

/** The number of failures that opens a breaker, and the pauses before its probes. */
export interface BreakerOptions {
  /** The number of consecutive failures that opens it; default 5. */
  readonly failures?: number | undefined
  /** The milliseconds before the first probe, doubled by each failed one; default 1,000. */
  readonly probeAfterMs?: number | undefined
  /** The maximum of these milliseconds; default 10,000. */
  readonly probeAtMostMs?: number | undefined
}

/** The node that a breaker watches. */
export interface WatchedNode {
  /** Asks the server for a sign of life. Rejects if there is none. */
  probe(): Promise<unknown>
  /** Called at each transition. */
  onTransition(to: 'open' | 'closed'): void
}

/**
 * Answers in place of a silent server, so that no caller waits for it. While open, it probes by itself if the server is
 * back, so that no caller pays for that.
 */
export class Breaker {
  readonly #failures: number
  readonly #probeAfterMs: number
  readonly #probeAtMostMs: number
  readonly #timers: Timers
  readonly #random: Random
  readonly #node: WatchedNode
  #inRow = 0
  #probesFailed = 0
  /** Whether it answers in place of the server. Only the breaker itself changes it. */
  isOpen = false
  #timer: TimerHandle = undefined

  constructor(options: BreakerOptions, timers: Timers, random: Random, node: WatchedNode) {
    this.#failures = options.failures ?? 5
    this.#probeAfterMs = options.probeAfterMs ?? 1000
    this.#probeAtMostMs = options.probeAtMostMs ?? 10_000
    this.#timers = timers
    this.#random = random
    this.#node = node
  }

  succeeded(): void {
    this.#inRow = 0
  }

  failed(): void {
    this.#inRow++
    if (this.#inRow >= this.#failures) this.open()
  }

  /** Opens the breaker, because the server is certainly silent. */
  open(): void {
    if (this.isOpen) return
    this.isOpen = true
    this.#probesFailed = 0
    this.#node.onTransition('open')
    this.#schedule()
  }

  /** Probes at once if the server answers, because there is another connection. */
  look(): void {
    if (!this.isOpen || this.#timer === undefined) return
    this.#timers.clear(this.#timer)
    this.#probesFailed = 0
    void this.#probe()
  }

  /** Forgets all failures, because the connection is a new one or there is none. */
  reset(): void {
    if (this.#timer !== undefined) this.#timers.clear(this.#timer)
    this.#timer = undefined
    this.#inRow = 0
    this.isOpen = false
  }

  // The delay is jittered from half to full, so that nodes that lost the server together do not come back together.
  #schedule(): void {
    const delayMs = Math.min(this.#probeAfterMs * 2 ** this.#probesFailed, this.#probeAtMostMs)
    const jitteredMs = delayMs * (0.5 + this.#random() / 2)
    this.#timer = this.#timers.set(() => void this.#probe(), jitteredMs)
  }

  async #probe(): Promise<void> {
    this.#timer = undefined
    try {
      await this.#node.probe()
      if (!this.isOpen) return
      this.reset()
      this.#node.onTransition('closed')
    } catch {
      if (!this.isOpen || this.#timer !== undefined) return
      this.#probesFailed++
      this.#schedule()
    }
  }
}
