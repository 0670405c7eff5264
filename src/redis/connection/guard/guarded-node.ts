import type { TimerHandle } from '../../../core/time/clock.ts'
import { StoreUnavailableError } from '../../../core/errors.ts'
import { toldElsewhere } from '../../../core/logging/log.ts'
import { Breaker } from './breaker.ts'
import { Call } from './calls.ts'
import { GuardedConnection } from './guarded-connection.ts'
import type { Line, LineListener } from '../../libraries/line.ts'
import { isClusterDown, isDemotion, isMoving, isOutdatedServer, normalize } from './refusals.ts'
import { ServerLog, type ConnectionLog, type Loss } from './server-log.ts'
import type { Surroundings } from '../../libraries/surroundings.ts'

/** The observer of a node. */
export interface NodeWatcher {
  /** Commands go over a new connection from now on. */
  onUp(): void
  /** The node is lost, can't be connected to, or does not answer. */
  onTrouble?(): void
  /** The server was demoted, so other connections to it have to connect again. */
  onDemoted?(): void
  /** Whether it is a node of a cluster whose other nodes are known. */
  readonly isOneOfMany?: boolean
  /** The node answers that some slots of its cluster have no master. */
  onClusterDown?(reason: Loss): void
  /** The node answers that a slot is being moved. */
  onMoving?(reason: Loss): void
}

/** The time that a connection may take before another one is tried. */
const CONNECT_MS = 15_000
/** The time that the answer to a question after a time-out may take, unless earlier calls may take longer. */
const ANSWER_MS = 1000
/** The time of a last look for an answer that arrived while the process was busy. */
const LAST_LOOK_MS = 1
/** The pauses between two attempts to find the new server: the first, and the longest. */
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

const NOT_UP: Loss = new StoreUnavailableError('there is no connection')

/** A line to one server with a watch over its loss, return, silence and demotion. */
export class GuardedNode implements LineListener {
  readonly connection: GuardedConnection
  readonly #line: Line
  readonly #log: ConnectionLog
  readonly #breaker: Breaker
  readonly surroundings: Surroundings
  readonly #watcher: NodeWatcher
  #watchdog: TimerHandle = undefined
  #isClosed = false
  // Whether the last report was that it is up.
  #wasUp: boolean
  #isAsked = false
  // Whether this node gave up the line, so that the log knows the reason or need not hear of the loss.
  #isReplaced = false
  // Whether nothing was sent over the connection yet.
  #isNew = false
  // The number of the present connection.
  #round = 0
  #nextReplacementMs = -Infinity
  #pauseMs = FIRST_PAUSE_MS
  readonly #waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = []

  constructor(line: Line, connectionLog: ConnectionLog, surroundings: Surroundings, watcher: NodeWatcher) {
    this.#line = line
    this.#log = connectionLog
    this.surroundings = surroundings
    this.#watcher = watcher
    const { timers, random, deadlines, turn, large, mask } = surroundings
    this.#breaker = new Breaker(surroundings.breaker, timers, random, {
      probe: () => this.connection.probe(),
      onTransition: (to) => this.#onBreaker(to),
    })
    this.connection = new GuardedConnection(line, {
      node: connectionLog.node,
      deadlines,
      turn,
      large,
      lateBytes: 0,
      arrived: 0,
      answers: 0,
      mask,
      breaker: this.#breaker,
      server: connectionLog instanceof ServerLog ? connectionLog : undefined,
      onMissing: () => this.#onMissing(),
      onTimeout: () => this.#onTimeout(),
      onRefusal: (name, reason) => this.#onRefusal(name, reason),
      trouble: undefined,
      scripts: new Set(),
      starting: undefined,
    })
    this.#wasUp = line.isUp
    if (line.isUp) this.#log.up(this)
    line.listen(this)
    if (line.isUp) void this.#probe()
    else this.#await()
  }

  // Needed because the library reports a loss a little later than it shows.
  #onMissing(): Promise<void> | undefined {
    const { guard } = this.connection
    if (this.#wasUp && !this.#isClosed) this.#await()
    else if (!this.#isClosed) this.#log.lost(this, guard.trouble ?? NOT_UP)
    return guard.starting
  }

  /** Lets calls wait until the attempt under way has ended. */
  #await(): void {
    this.#wasUp = false
    const { guard } = this.connection
    this.#watch()
    const waiting = guard.deadlines.within(this.whenUp()).then(() => {
      if (guard.starting === waiting) guard.starting = undefined
    })
    guard.starting = waiting
  }

  get isUp(): boolean {
    return this.#line.isUp
  }

  /** Whether it is connected and answers. */
  get isWell(): boolean {
    return this.isUp && !this.#breaker.isOpen
  }

  /** Resolves when it is connected, at once if it is. @throws StoreUnavailableError if the attempt under way fails. */
  whenUp(): Promise<void> {
    if (this.isUp) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  /** Connects again, because the address may lead to another server by now. */
  reconnect(): void {
    if (this.#line.reset === undefined || this.#isClosed || this.#isReplaced) return
    this.#isReplaced = true
    this.#line.reset()
    if (!this.#line.isUp) this.#await()
  }

  // A server that was silent has to answer first, because a frozen server accepts connections.
  onUp(): void {
    this.#round++
    this.#wasUp = true
    this.#isReplaced = false
    this.#isNew = true
    if (this.#breaker.isOpen) this.#breaker.look()
    else this.#ready()
  }

  #ready(): void {
    this.#unwatch()
    this.connection.guard.trouble = undefined
    this.connection.guard.scripts.clear()
    this.#breaker.reset()
    this.#log.up(this)
    if (this.#isNew) this.#watcher.onUp()
    this.#isNew = false
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    void this.#probe()
  }

  // Servers and load balancers close idle connections. A loss is only logged if a call or the next attempt to connect
  // fails by it.
  onDown(error: unknown): void {
    this.#round++
    this.#wasUp = false
    const hadCalls = this.connection.abandon(error)
    if (this.#isClosed) return
    const isKnown = this.#breaker.isOpen
    if (!isKnown) this.#breaker.reset()
    if (isKnown || (hadCalls && !this.#isReplaced)) this.#lost(error)
    else this.#await()
    this.#watch()
  }

  onTrouble(error: unknown): void {
    if (this.#line.isUp || this.#isClosed) return
    this.#isReplaced = false
    this.#lost(error)
  }

  #lost(error: unknown): void {
    this.#watcher.onTrouble?.()
    const reason = normalize(error, this.surroundings.mask)
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
    const reason = toldElsewhere(new StoreUnavailableError('the client was closed'))
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
  }

  #onBreaker(to: 'open' | 'closed'): void {
    if (to === 'closed') return this.#ready()
    this.#watcher.onTrouble?.()
    this.#log.silent(this)
  }

  #onTimeout(): void {
    const { guard } = this.connection
    const { answers } = guard
    if (guard.server !== undefined)
      this.surroundings.nodes.timedOut(guard.node, () => guard.answers === answers)
    void this.#ask()
  }

  // Asks because a connection that was cut silently looks like a slow one.
  async #ask(): Promise<void> {
    if (this.#isAsked || this.#breaker.isOpen || !this.#line.isUp) return
    this.#isAsked = true
    const round = this.#round
    let isAnswered = false
    const answered = (): void => {
      isAnswered = true
    }
    const answer = this.#line.send(['PING'], 'text').then(answered, answered)
    const { guard } = this.connection
    // Earlier answers that arrive meanwhile show that the line is slow and not silent.
    let answers: number
    do {
      answers = guard.answers
      await this.#within(answer, this.#patienceMs())
    } while (answers !== guard.answers && round === this.#round)
    this.#isAsked = false
    if (this.#isClosed || round !== this.#round) return
    if (isAnswered) {
      if (!this.#breaker.isOpen) this.#log.up(this)
      return
    }
    this.#breaker.open()
    this.#line.reset?.()
  }

  // The answer comes behind those of earlier calls, and one with a large value may take longer.
  #patienceMs(): number {
    const { deadlines, large, clock } = this.surroundings
    let bytes = 0
    let untilMs = clock.now() + Math.min(deadlines.hardMs, ANSWER_MS)
    for (const call of deadlines)
      if (call instanceof Call && call.path.line === this.#line) {
        untilMs = Math.max(untilMs, call.dueMs)
        bytes += call.bytes()
      }
    return untilMs - clock.now() + large.msFor(bytes)
  }

  #within(answer: Promise<void>, ms: number): Promise<void> {
    const { timers } = this.surroundings
    return new Promise((resolve) => {
      let timer = timers.set(() => {
        timer = timers.set(resolve, LAST_LOOK_MS)
      }, ms)
      void answer.then(() => {
        timers.clear(timer)
        resolve()
      })
    })
  }

  #onRefusal(name: string, reason: Loss): void {
    const server = this.connection.guard.server
    if (isDemotion(reason)) this.#onDemotion()
    if (isOutdatedServer(reason)) {
      toldElsewhere(reason)
      server?.isTooOld(reason)
    }
    if (isClusterDown(reason)) this.#watcher.onClusterDown?.(reason)
    if (isMoving(reason)) this.#watcher.onMoving?.(reason)
    server?.refused(name, reason)
    if (reason.reason === 'full' || reason.reason === 'read-only') return
    this.surroundings.refused.note(this.#log.node, name, reason, this.#watcher.isOneOfMany === true)
  }

  #onDemotion(): void {
    const nowMs = this.surroundings.clock.now()
    if (nowMs < this.#nextReplacementMs) return
    if (nowMs - this.#nextReplacementMs > LONGEST_PAUSE_MS) this.#pauseMs = FIRST_PAUSE_MS
    this.#nextReplacementMs = nowMs + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    this.reconnect()
    this.#watcher.onDemoted?.()
  }

  // A server that is new enough refuses the number. One that is too old refuses the options, which it checks earlier.
  async #probe(): Promise<void> {
    const server = this.connection.guard.server
    if (server === undefined || !server.isToBeProbed()) return
    try {
      await this.#line.send(['SET', 'cachette', '', 'NX', 'GET', 'PX', 'x'], 'text')
    } catch (error) {
      const reason = normalize(error, this.surroundings.mask)
      if (isOutdatedServer(reason)) server.isTooOld(reason)
    }
  }

  // Needed because no client library gives up a connection that was accepted and is then silent.
  #watch(): void {
    if (this.#line.reset === undefined || this.#isClosed) return
    this.#unwatch()
    const delayMs = CONNECT_MS * (0.75 + this.surroundings.random() / 2)
    this.#watchdog = this.surroundings.timers.set(() => {
      this.#watchdog = undefined
      if (this.isWell) return
      this.#line.reset?.()
      this.#watch()
    }, delayMs)
  }

  #unwatch(): void {
    if (this.#watchdog !== undefined) this.surroundings.timers.clear(this.#watchdog)
    this.#watchdog = undefined
  }
}
