import type { TimerHandle } from '../../core/clock.ts'
import { normalize } from './refusals.ts'
import type { ConnectionLog, Loss, ServerLog } from './server-log.ts'
import { log, type Surroundings } from './surroundings.ts'

/** How long the bus may take to be there again, all else being well: longer than the longest pause between attempts. */
const PATIENCE_MS = 3000

/**
 * One line of the log for each transition of the bus that is not one of its server: that is said by the connections
 * for commands. It may be heard of there only after it was heard of here, so that nothing is said at once.
 */
export class BusLog implements ConnectionLog {
  readonly node: string
  readonly #surroundings: Surroundings
  readonly #server: () => ServerLog | undefined
  readonly #lost = new Set<object>()
  #reason: Loss | undefined = undefined
  #lostAtMs = 0
  // The server that it was connected to: the next one may be another.
  #lostOf: ServerLog | undefined = undefined
  #timer: TimerHandle = undefined
  #isTold = false
  #isRefused = false

  /** `server`: the one that the bus is, or is to be, connected to. */
  constructor(node: string, surroundings: Surroundings, server: () => ServerLog | undefined) {
    this.node = node
    this.#surroundings = surroundings
    this.#server = server
  }

  lost(connection: object, reason: Loss): void {
    this.#reason = reason
    const isFirst = this.#lost.size === 0
    this.#lost.add(connection)
    if (!isFirst) return
    this.#lostAtMs = this.#surroundings.clock.now()
    this.#lostOf = this.#server()
    this.#schedule()
  }

  up(connection: object): void {
    if (!this.#lost.delete(connection) || this.#lost.size > 0) return
    this.#surroundings.timers.clear(this.#timer)
    const wellSinceMs = this.#lostOf?.wellSinceMs ?? Infinity
    if (this.#isTold) this.#log('info', {}, 'the bus is connected again')
    else if (wellSinceMs <= this.#lostAtMs)
      this.#log('warn', { error: this.#reason }, 'the bus was cut off, and is connected again')
    this.#isTold = false
  }

  // Whoever only receives asks too seldom for that.
  silent(): void {}
  answers(): void {}

  left(connection: object): void {
    this.#lost.delete(connection)
    if (this.#lost.size === 0) this.#surroundings.timers.clear(this.#timer)
  }

  /** The server does not let us subscribe. */
  refused(error: unknown): void {
    if (this.#isRefused) return
    this.#isRefused = true
    const reason = normalize(error, this.#surroundings.mask)
    const message = 'Redis does not let us subscribe; invalidations arrive with the heartbeat alone'
    this.#log('warn', { error: reason }, message)
  }

  /** It does. */
  accepted(): void {
    this.#isRefused = false
  }

  #schedule(): void {
    this.#timer = this.#surroundings.timers.set(() => this.#look(), PATIENCE_MS)
  }

  #look(): void {
    const wellSinceMs = this.#server()?.wellSinceMs ?? Infinity
    if (this.#surroundings.clock.now() - wellSinceMs < PATIENCE_MS) return this.#schedule()
    this.#isTold = true
    const message = 'the bus is not connected; invalidations arrive with the heartbeat alone until it is'
    this.#log('warn', { error: this.#reason }, message)
  }

  #log(level: 'warn' | 'info', details: object, message: string): void {
    log(this.#surroundings, level, { node: this.node, ...details }, message)
  }
}
