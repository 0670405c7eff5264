import type { Redis } from './server.ts'

/** Freezes Redis for a while in the middle of a load, and measures how soon the guide is as it was before. */
export class Freeze {
  readonly #freezer: NonNullable<Redis['freezer']>
  readonly #beginMs: number
  readonly #untilNormal: () => Promise<void>
  readonly frozenMs: number
  #state: 'before' | 'frozen' | 'over' = 'before'
  #recovery: Promise<number> | undefined

  /** It lasts five seconds, or half of a shorter load. */
  constructor(freezer: NonNullable<Redis['freezer']>, loadMs: number, untilNormal: () => Promise<void>) {
    this.#freezer = freezer
    this.frozenMs = Math.min(5000, loadMs / 2)
    this.#beginMs = (loadMs - this.frozenMs) / 2
    this.#untilNormal = untilNormal
  }

  /** To be told how far the load is. */
  at(elapsedMs: number): void {
    if (this.#state === 'before' && elapsedMs >= this.#beginMs) {
      this.#state = 'frozen'
      this.#freezer.freeze()
    } else if (this.#state === 'frozen' && elapsedMs >= this.#beginMs + this.frozenMs) {
      this.#wake()
    }
  }

  /** Milliseconds from the end of the freeze until every process stored and read through Redis again. */
  async recoveryMs(): Promise<number> {
    if (this.#recovery === undefined) this.#wake()
    return this.#recovery!
  }

  #wake(): void {
    this.#state = 'over'
    this.#freezer.wake()
    const wokeAt = performance.now()
    this.#recovery = this.#untilNormal().then(() => performance.now() - wokeAt)
    // Whoever asks for it is told; nobody may, when the load was cut off.
    this.#recovery.catch(() => undefined)
  }
}
