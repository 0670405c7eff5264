const EVERY_MS = 5
/** Delays below this are usual for timers, and no lag. */
const NOTABLE_MS = 10

/** Adds up the time for which the process was stalled, because a busy machine delays a deadline, too. */
export class LagMeter {
  #lagMs = 0
  #lastMs: number = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
  }

  /** Milliseconds so far, including a present stall. */
  get totalMs(): number {
    this.#look()
    return this.#lagMs
  }

  #look(): void {
    const now = performance.now()
    const lateMs = now - this.#lastMs - EVERY_MS
    if (lateMs > NOTABLE_MS) this.#lagMs += lateMs
    this.#lastMs = now
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
