import type { Clock } from '../../core/clock.ts'
import type { EventLoop } from './event-loop.ts'

const DAY_MS = 86_400_000
const JUMP_EVERY_MS = 250

/** The clock of one host. Its wall clock is wrong, and another way every few moments; nothing may come of it (I15). */
export class HostClock implements Clock {
  readonly #loop: EventLoop
  readonly #seed: number
  readonly #jumps: boolean

  constructor(loop: EventLoop, seed: number, jumps: boolean) {
    this.#loop = loop
    this.#seed = seed
    this.#jumps = jumps
  }

  now(): number {
    return this.#loop.now()
  }

  wallNow(): number {
    if (!this.#jumps) return this.#loop.wallNow()
    const step = Math.floor(this.#loop.now() / JUMP_EVERY_MS)
    const mixed = Math.imul(this.#seed ^ step, 0x9e3779b1) >>> 0
    return this.#loop.wallNow() + (mixed / 2 ** 32 - 0.5) * 2 * DAY_MS
  }
}
