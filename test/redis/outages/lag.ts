const EVERY_MS = 5
/** Less than this is how timers are, and no lag. */
const NOTABLE_MS = 10

/** Adds up for how long the process could not go on: a busy machine holds up a deadline, too. */
export class LagMeter {
  #lagMs = 0
  #lastMs: number = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
  }

  /** Milliseconds so far; what is going on right now included. */
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
