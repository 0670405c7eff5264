import type { Clock, Random, TimerHandle, Timers } from '../../core/clock.ts'
import { StoreUnavailableError, type StoreErrorReason } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { Breaker, type BreakerOptions } from './breaker.ts'
import type { Deadlines } from './deadlines.ts'
import { GuardedConnection } from './guarded-connection.ts'
import type { Line, LineListener } from './line.ts'
import { normalize, type Mask } from './refusals.ts'

/** What all connections of a client share. */
export interface Surroundings {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Names the cache in the log. */
  readonly cache: string
  readonly deadlines: Deadlines
  readonly breaker: BreakerOptions
  readonly mask: Mask
}

/** Probes in a row without an answer, after which a connection is given up: then it is perhaps the line, not the server. */
const PROBES_BEFORE_RESET = 3
/** How long a connection may take to come about, before another is tried. */
const CONNECT_MS = 15_000

/** A line to one server, watched: its loss, its return, its silence. */
export class GuardedNode implements LineListener {
  readonly connection: GuardedConnection
  readonly #line: Line
  readonly #node: string
  readonly #breaker: Breaker
  readonly #surroundings: Surroundings
  readonly #onUp: () => void
  #told: StoreErrorReason | 'timeout' | 'up' | undefined = undefined
  #watchdog: TimerHandle = undefined
  #isClosed = false
  readonly #waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = []

  constructor(line: Line, node: string, surroundings: Surroundings, onUp: () => void) {
    this.#line = line
    this.#node = node
    this.#surroundings = surroundings
    this.#onUp = onUp
    const { clock, timers, random, deadlines, mask } = surroundings
    this.#breaker = new Breaker(surroundings.breaker, {
      clock,
      timers,
      random,
      probe: () => this.connection.probe(),
      onTransition: (to) => this.#onBreaker(to),
      onProbeFailed: (inRow) => {
        if (inRow % PROBES_BEFORE_RESET === 0) this.#line.reset?.()
      },
    })
    this.connection = new GuardedConnection(line, { node, deadlines, mask, breaker: this.#breaker })
    if (line.isUp) this.#told = 'up'
    line.listen(this)
    if (!line.isUp) this.#watch()
  }

  /** Resolves when it is connected, at once if it is. @throws StoreUnavailableError when the attempt under way fails. */
  whenUp(): Promise<void> {
    if (this.#line.isUp) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  onUp(): void {
    this.#unwatch()
    this.connection.trouble = undefined
    this.#breaker.reset()
    if (this.#told !== 'up' && this.#told !== undefined) this.#log('info', {}, 'Redis is connected again')
    this.#told = 'up'
    this.#onUp()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  onDown(error: unknown): void {
    this.#breaker.reset()
    this.connection.abandon(error)
    this.onTrouble(error)
    this.#watch()
  }

  // One line for each transition; while it is down, another one if the reason becomes another.
  onTrouble(error: unknown): void {
    if (this.#line.isUp || this.#isClosed) return
    const reason = normalize(error, this.#surroundings.mask)
    this.connection.trouble = reason
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    if (this.#told === reason.reason) return
    this.#told = reason.reason
    this.#log('warn', { error: reason }, 'Redis is not connected; it is tried again until it is')
  }

  /** Something is not as it should be, but the connection is. */
  warn(error: unknown, message: string): void {
    if (this.#line.isUp) this.#log('warn', { error: normalize(error, this.#surroundings.mask) }, message)
  }

  close(): void {
    this.#isClosed = true
    this.#unwatch()
    this.#breaker.reset()
    this.#line.close()
    this.connection.abandon(new Error('the client was closed'))
    for (const { reject } of this.#waiting.splice(0))
      reject(new StoreUnavailableError('the client was closed'))
  }

  #onBreaker(to: 'open' | 'closed'): void {
    if (to === 'open') this.#log('warn', {}, 'Redis does not answer; it is not asked until it does')
    else this.#log('info', {}, 'Redis answers again')
  }

  // A connection that was accepted and is then silent is waited for by no client library.
  #watch(): void {
    if (this.#line.reset === undefined || this.#isClosed) return
    this.#unwatch()
    const delayMs = CONNECT_MS * (0.75 + this.#surroundings.random() / 2)
    this.#watchdog = this.#surroundings.timers.set(() => {
      this.#watchdog = undefined
      if (this.#line.isUp) return
      this.#line.reset?.()
      this.#watch()
    }, delayMs)
  }

  #unwatch(): void {
    if (this.#watchdog !== undefined) this.#surroundings.timers.clear(this.#watchdog)
    this.#watchdog = undefined
  }

  // A logger of the user's must not turn trouble into a crash.
  #log(level: 'warn' | 'info', details: object, message: string): void {
    const { logger, cache } = this.#surroundings
    try {
      logger[level]?.({ cache, node: this.#node, ...details }, message)
    } catch {
      // Nowhere is left to say it.
    }
  }
}
