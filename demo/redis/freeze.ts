import { setTimeout as delay } from 'node:timers/promises'
import type { Span } from '../outage/spans.ts'
import type { Redis } from './server.ts'

/** The interruption of a load. */
export interface FreezeParts<Update> {
  readonly freezer: NonNullable<Redis['freezer']>
  /** The planned length of the load. */
  readonly loadMs: number
  /** An update that is made once Redis is frozen. */
  update(): Promise<Update>
  /** Resolves when every process stores and reads through Redis. */
  untilNormal(): Promise<void>
}

/** The course that it took. */
export interface Frozen<Update> {
  readonly frozenMs: number
  /** From the beginning of the freeze until normal service, in milliseconds of the wall clock. */
  readonly outage: Span
  /** From the end of the freeze until every process stored and read through Redis again. */
  readonly recoveryMs: number
  readonly update: Update
}

/** So long, on a busy machine, the freeze waits for its update to be answered. */
const PATIENCE_MS = 15_000

/** Returns when Redis is frozen in a load: for five seconds, or half of a shorter load, in the middle of it. */
export function freezeOf(loadMs: number): Span {
  const lastsMs = Math.min(5000, loadMs / 2)
  return { fromMs: (loadMs - lastsMs) / 2, toMs: (loadMs + lastsMs) / 2 }
}

/** Freezes Redis in the middle of a load. */
export class Freeze<Update> {
  readonly #parts: FreezeParts<Update>
  readonly #span: Span
  #frozen: Promise<Frozen<Update>> | undefined

  constructor(parts: FreezeParts<Update>) {
    this.#parts = parts
    this.#span = freezeOf(parts.loadMs)
  }

  /** To be told how far the load is. */
  at(elapsedMs: number): void {
    if (this.#frozen !== undefined || elapsedMs < this.#span.fromMs) return
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
    const outageFromMs = Date.now()
    const frozeAt = performance.now()
    freezer.freeze()
    const updated = update()
    try {
      await delay(this.#span.toMs - this.#span.fromMs)
      await Promise.race([updated, delay(PATIENCE_MS, undefined, { ref: false })])
    } finally {
      freezer.wake()
    }
    const wokeAt = performance.now()
    await untilNormal()
    const recoveryMs = performance.now() - wokeAt
    const outage = { fromMs: outageFromMs, toMs: Date.now() }
    return { frozenMs: wokeAt - frozeAt, outage, recoveryMs, update: await updated }
  }
}
