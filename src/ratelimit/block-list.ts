import type { RateLimitResult } from '../core/limit-result.ts'

const KEYS_PER_HALF = 5000

interface Refusal {
  readonly result: RateLimitResult
  readonly quantity: number
  readonly atMs: number
  readonly untilMs: number
}

/**
 * Refusals whose end is known. Until then the store need not be asked. It is bounded by halves. If the newer half is
 * full, the older one is forgotten, which costs only one question for each key.
 */
export class BlockList {
  readonly #longestMs: number
  #newer = new Map<string, Refusal>()
  #older = new Map<string, Refusal>()
  #forgotten = 0

  constructor(longestMs: number) {
    this.#longestMs = longestMs
  }

  /** The mark for a question that is sent now. Pass it to {@link BlockList.note} with the answer. */
  get mark(): number {
    return this.#forgotten
  }

  /** Keeps a refusal of a question that was sent at `atMs`, unless a key was forgotten since. */
  note(key: string, quantity: number, result: RateLimitResult, atMs: number, mark: number): void {
    if (mark !== this.#forgotten) return
    const untilMs = atMs + Math.min(result.retryAfterMs, this.#longestMs)
    if (this.#newer.size >= KEYS_PER_HALF && !this.#newer.has(key)) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, { result, quantity, atMs, untilMs })
  }

  /** Returns the refusal that still holds for a quantity, with the times as they are now. */
  find(key: string, quantity: number, nowMs: number): RateLimitResult | undefined {
    const refusal = this.#newer.get(key) ?? this.#older.get(key)
    if (refusal === undefined || quantity < refusal.quantity) return undefined
    const { result, atMs, untilMs } = refusal
    if (nowMs >= untilMs) return undefined
    const left = (ms: number): number => Math.max(0, Math.ceil(ms - (nowMs - atMs)))
    return {
      ...result,
      retryAfterMs: left(result.retryAfterMs),
      resetMs: left(result.resetMs),
      limits: result.limits.map((limit) => ({ ...limit, resetMs: left(limit.resetMs) })),
      decidedBy: 'block-list',
    }
  }

  /** Forgets the refusal of a key. */
  forget(key: string): void {
    this.#forgotten++
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}
