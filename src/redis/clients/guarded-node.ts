import type { TimerHandle } from '../../core/clock.ts'
import { StoreUnavailableError } from '../../core/errors.ts'
import { Breaker } from './breaker.ts'
import type { Guard } from './guard.ts'
import { GuardedConnection } from './guarded-connection.ts'
import type { Line, LineListener } from './line.ts'
import { normalize } from './refusals.ts'
import type { ConnectionLog } from './server-log.ts'
import type { Surroundings } from './surroundings.ts'

/** Who is told of what a node does. */
export interface NodeWatcher {
  /** From now on commands go over a new connection. */
  onUp(): void
  /** It is lost, can't be connected to, or does not answer. */
  onTrouble?(): void
}

/** Probes in a row without an answer, after which a connection is given up: then it is perhaps the line, not the server. */
const PROBES_BEFORE_RESET = 3
/** How long a connection may take to come about, before another is tried. */
const CONNECT_MS = 15_000

/** A line to one server, watched: its loss, its return, its silence. */
export class GuardedNode implements LineListener {
  readonly connection: GuardedConnection
  readonly #line: Line
  readonly #log: ConnectionLog
  readonly #breaker: Breaker
  readonly #surroundings: Surroundings
  readonly #watcher: NodeWatcher
  #watchdog: TimerHandle = undefined
  #isClosed = false
  readonly #waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = []

  constructor(line: Line, connectionLog: ConnectionLog, surroundings: Surroundings, watcher: NodeWatcher) {
    this.#line = line
    this.#log = connectionLog
    this.#surroundings = surroundings
    this.#watcher = watcher
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
    const parts = { node: connectionLog.node, deadlines, mask, breaker: this.#breaker }
    const guard: Guard = { ...parts, trouble: undefined, starting: undefined }
    this.connection = new GuardedConnection(line, guard)
    if (line.isUp) this.#log.up(this)
    line.listen(this)
    if (!line.isUp) this.#start(guard)
  }

  #start(guard: Guard): void {
    this.#watch()
    guard.starting = guard.deadlines.within(this.whenUp()).then(() => {
      guard.starting = undefined
    })
  }

  get isUp(): boolean {
    return this.connection.isUp
  }

  /** Whether it is connected and answers. */
  get isWell(): boolean {
    return this.isUp && !this.#breaker.isOpen
  }

  /** Resolves when it is connected, at once if it is. @throws StoreUnavailableError when the attempt under way fails. */
  whenUp(): Promise<void> {
    if (this.isUp) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  onUp(): void {
    this.#unwatch()
    this.connection.guard.trouble = undefined
    this.#breaker.reset()
    this.#log.up(this)
    this.#watcher.onUp()
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  onDown(error: unknown): void {
    this.#breaker.reset()
    this.connection.abandon(error)
    this.onTrouble(error)
    this.#watch()
  }

  onTrouble(error: unknown): void {
    if (this.#line.isUp || this.#isClosed) return
    this.#watcher.onTrouble?.()
    const reason = normalize(error, this.#surroundings.mask)
    this.connection.guard.trouble = reason
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    this.#log.lost(this, reason)
  }

  close(): void {
    this.#isClosed = true
    this.#unwatch()
    this.#breaker.reset()
    this.#log.left(this)
    this.#line.close()
    this.connection.abandon(new Error('the client was closed'))
    for (const { reject } of this.#waiting.splice(0))
      reject(new StoreUnavailableError('the client was closed'))
  }

  #onBreaker(to: 'open' | 'closed'): void {
    if (to === 'open') this.#watcher.onTrouble?.()
    if (to === 'open') this.#log.silent(this)
    else this.#log.answers(this)
  }

  // A connection that was accepted and is then silent is waited for by no client library.
  #watch(): void {
    if (this.#line.reset === undefined || this.#isClosed) return
    this.#unwatch()
    const delayMs = CONNECT_MS * (0.75 + this.#surroundings.random() / 2)
    this.#watchdog = this.#surroundings.timers.set(() => {
      this.#watchdog = undefined
      if (this.isUp) return
      this.#line.reset?.()
      this.#watch()
    }, delayMs)
  }

  #unwatch(): void {
    if (this.#watchdog !== undefined) this.#surroundings.timers.clear(this.#watchdog)
    this.#watchdog = undefined
  }
}
