import type { TimerHandle } from '../../../core/time/clock.ts'
import { Condition, Log, type ConditionTexts } from '../../../core/logging/log.ts'
import { isLoginRefused, normalize } from './refusals.ts'
import type { ConnectionLog, Loss, Reporter, ServerLog } from './server-log.ts'
import type { Surroundings } from '../../libraries/surroundings.ts'

/**
 * The time that the bus may take to come back while its server is well. It exceeds the longest pause between attempts.
 */
const PATIENCE_MS = 3000

const AWAY: ConditionTexts = {
  level: 'warn',
  began: 'the bus is not connected; invalidations arrive with the heartbeat alone until it is',
  ended: 'the bus is connected again',
}
const REFUSED: ConditionTexts = {
  level: 'warn',
  began: 'Redis does not let us subscribe; invalidations arrive with the heartbeat alone',
  ended: 'Redis lets us subscribe again',
}

/**
 * Logs one line for each transition of the bus that is not one of its server. The connections for commands report those
 * of the server. A bus that was lost and is soon back makes no transition, because the heartbeat brings what it missed.
 */
export class BusLog implements ConnectionLog {
  readonly node: string
  readonly #log: Log
  readonly #surroundings: Surroundings
  readonly #server: () => ServerLog | undefined
  readonly #lost = new Set<object>()
  readonly #away: Condition
  readonly #refused: Condition
  #reason: Loss | undefined = undefined
  #timer: TimerHandle = undefined

  /** `server` returns the log of the server that the bus is, or will be, connected to. */
  constructor(node: string, surroundings: Surroundings, server: () => ServerLog | undefined) {
    const { logger, clock, cache } = surroundings
    this.node = node
    this.#surroundings = surroundings
    this.#server = server
    this.#log = new Log(logger, clock, () => ({ cache, node }))
    this.#away = new Condition(this.#log)
    this.#refused = new Condition(this.#log)
  }

  lost(connection: Reporter, reason: Loss): void {
    this.#reason = reason
    const isFirst = this.#lost.size === 0
    this.#lost.add(connection)
    if (isFirst) this.#schedule()
  }

  silent(connection: Reporter): void {
    this.lost(connection, this.#reason!)
  }

  up(connection: Reporter): void {
    if (!this.#lost.delete(connection) || this.#lost.size > 0) return
    this.#surroundings.timers.clear(this.#timer)
    this.#away.end()
  }

  left(connection: Reporter): void {
    this.#lost.delete(connection)
    if (this.#lost.size === 0) this.#surroundings.timers.clear(this.#timer)
  }

  /** The server does not let us subscribe. */
  refused(error: unknown): void {
    const reason = normalize(error, this.#surroundings.mask)
    // The log of the server tells that nothing is let in.
    if (!isLoginRefused(reason)) this.#refused.begin(REFUSED, { err: reason })
  }

  /** The server lets us subscribe. */
  accepted(): void {
    this.#refused.end()
  }

  #schedule(): void {
    this.#timer = this.#surroundings.timers.set(() => this.#look(), PATIENCE_MS)
  }

  // Nothing is logged at once, because the loss of the server may be reported after the loss of the bus.
  #look(): void {
    const wellSinceMs = this.#server()?.wellSinceMs ?? Infinity
    if (this.#surroundings.clock.now() - wellSinceMs < PATIENCE_MS) return this.#schedule()
    this.#away.begin(AWAY, { err: this.#reason })
  }
}
