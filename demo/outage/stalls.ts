import type { Span } from './spans.ts'

const EVERY_MS = 5
/** Timers are usually late by less than that. */
const NOTABLE_MS = 10

/** Notes when the event loop of its thread stood still, because a busy machine lets every answer wait. */
export class Stalls {
  readonly #spans: Span[] = []
  #lastMs = Date.now()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
    this.#timer.unref()
  }

  /** Stops, and returns all stalls. */
  end(): readonly Span[] {
    this.#look()
    clearInterval(this.#timer)
    return this.#spans
  }

  #look(): void {
    const nowMs = Date.now()
    const expectedMs = this.#lastMs + EVERY_MS
    if (nowMs - expectedMs > NOTABLE_MS) this.#spans.push({ fromMs: expectedMs, toMs: nowMs })
    this.#lastMs = nowMs
  }
}
