import type { Clock } from '../../src/core/time/clock.ts'
import type { EventLoop } from './event-loop.ts'
import type { Process } from '../world/process.ts'

const DAY_MS = 86_400_000
const JUMP_EVERY_MS = 250

/**
 * The clocks of one host. The monotonic one stands still while the machine is suspended, and the wall clock goes on.
 * The wall clock is set back every few moments, which must have no effect (I15). It is set ahead on request.
 */
export class HostClock implements Clock {
  readonly #loop: EventLoop
  readonly #process: Process
  readonly #seed: number
  readonly #jumps: boolean
  #aheadMs = 0
  #step = 0

  constructor(loop: EventLoop, process: Process, seed: number, jumps: boolean) {
    this.#loop = loop
    this.#process = process
    this.#seed = seed
    this.#jumps = jumps
  }

  now(): number {
    return this.#loop.now() - this.#process.suspendedMs
  }

  wallNow(): number {
    const steps = this.#jumps ? Math.floor(this.#loop.now() / JUMP_EVERY_MS) : 0
    while (this.#step < steps) {
      const mixed = Math.imul(this.#seed ^ ++this.#step, 0x9e3779b1) >>> 0
      this.#aheadMs -= (mixed / 2 ** 32) * DAY_MS
    }
    return this.#loop.wallNow() + this.#aheadMs
  }

  /** Sets the wall clock ahead. */
  setAhead(ms: number): void {
    this.#aheadMs += ms
  }
}
