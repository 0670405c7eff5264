import type { StoreTimeoutError, StoreUnavailableError } from '../../core/errors.ts'
import { CONNECTED, log, NOT_CONNECTED, type Surroundings } from './surroundings.ts'

/** Why there is no connection. */
export type Loss = StoreUnavailableError | StoreTimeoutError

/** What a connection tells of itself, for the log. */
export interface ConnectionLog {
  /** Names the server in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  /** It is lost, or an attempt to make it has failed. */
  lost(connection: object, reason: Loss): void
  /** It is there. */
  up(connection: object): void
  /** It is there, but nothing is answered over it. */
  silent(connection: object): void
  /** Something is again. */
  answers(connection: object): void
  /** It is needed no more. */
  left(connection: object): void
}

/** One line of the log for each transition of a server, however many connections there are to it. */
export class ServerLog implements ConnectionLog {
  readonly node: string
  readonly #surroundings: Surroundings
  readonly #lost = new Set<object>()
  readonly #silent = new Set<object>()
  // Why it is lost, as far as it was said; one more line for each other reason.
  readonly #told = new Set<Loss['reason']>()
  #wellSinceMs: number | undefined = undefined

  constructor(node: string, surroundings: Surroundings) {
    this.node = node
    this.#surroundings = surroundings
  }

  /** Since when all is well with it, on the clock; `undefined` while it is not. */
  get wellSinceMs(): number | undefined {
    return this.#wellSinceMs
  }

  lost(connection: object, reason: Loss): void {
    this.#silent.delete(connection)
    this.#lost.add(connection)
    this.#wellSinceMs = undefined
    if (this.#told.has(reason.reason)) return
    this.#told.add(reason.reason)
    this.#log('warn', { error: reason }, NOT_CONNECTED)
  }

  up(connection: object): void {
    this.#silent.delete(connection)
    this.#lost.delete(connection)
    if (this.#lost.size > 0) return
    if (this.#told.size > 0) this.#log('info', {}, CONNECTED)
    this.#told.clear()
    this.#settle()
  }

  silent(connection: object): void {
    this.#silent.add(connection)
    this.#wellSinceMs = undefined
    if (this.#silent.size === 1) this.#log('warn', {}, 'Redis does not answer; it is not asked until it does')
  }

  answers(connection: object): void {
    if (!this.#silent.delete(connection) || this.#silent.size > 0) return
    this.#log('info', {}, 'Redis answers again')
    this.#settle()
  }

  left(connection: object): void {
    this.#silent.delete(connection)
    this.#lost.delete(connection)
  }

  /** Another server does its work now, and it is looked for no more. */
  replaced(): void {
    if (this.#told.size > 0) this.#log('info', {}, 'another server of the cluster has taken over')
  }

  #settle(): void {
    if (this.#lost.size === 0 && this.#silent.size === 0) this.#wellSinceMs ??= this.#surroundings.clock.now()
  }

  #log(level: 'warn' | 'info', details: object, message: string): void {
    log(this.#surroundings, level, { node: this.node, ...details }, message)
  }
}
