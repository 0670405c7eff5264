import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from './server.ts'

/** What a load is interrupted by. */
export interface FreezeParts<Update> {
  readonly freezer: NonNullable<Redis['freezer']>
  /** How long the load is meant to take. */
  readonly loadMs: number
  /** An update that is made once Redis is frozen. */
  update(): Promise<Update>
  /** Resolves when every process stores and reads through Redis. */
  untilNormal(): Promise<void>
}

/** What became of it. */
export interface Frozen<Update> {
  readonly frozenMs: number
  /** From the end of the freeze until every process stored and read through Redis again. */
  readonly recoveryMs: number
  readonly update: Update
}

/** So long, on a busy machine, the freeze waits for its update to be answered. */
const PATIENCE_MS = 15_000

/** Freezes Redis for five seconds, or half of a shorter load, in the middle of it. */
export class Freeze<Update> {
  readonly #parts: FreezeParts<Update>
  readonly #beginMs: number
  readonly #lastsMs: number
  #frozen: Promise<Frozen<Update>> | undefined

  constructor(parts: FreezeParts<Update>) {
    this.#parts = parts
    this.#lastsMs = Math.min(5000, parts.loadMs / 2)
    this.#beginMs = (parts.loadMs - this.#lastsMs) / 2
  }

  /** To be told how far the load is. */
  at(elapsedMs: number): void {
    if (this.#frozen !== undefined || elapsedMs < this.#beginMs) return
    this.#frozen = this.#freeze()
    // Nobody asks for it when the load is given up.
    this.#frozen.catch(() => undefined)
  }

  /** Resolves when everything is as it was before. */
  async over(): Promise<Frozen<Update>> {
    this.at(Infinity)
    return this.#frozen!
  }

  async #freeze(): Promise<Frozen<Update>> {
    const { freezer, update, untilNormal } = this.#parts
    const frozeAt = performance.now()
    freezer.freeze()
    const updated = update()
    try {
      await delay(this.#lastsMs)
      await Promise.race([updated, delay(PATIENCE_MS, undefined, { ref: false })])
    } finally {
      freezer.wake()
    }
    const wokeAt = performance.now()
    await untilNormal()
    const recoveryMs = performance.now() - wokeAt
    return { frozenMs: wokeAt - frozeAt, recoveryMs, update: await updated }
  }
}
