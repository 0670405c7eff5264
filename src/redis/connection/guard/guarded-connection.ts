import { StoreUnavailableError } from '../../../core/errors.ts'
import { toldElsewhere } from '../../../core/logging/log.ts'
import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import { Call, Probe, RowCall, SingleCall } from './calls.ts'
import type { Guard, Path, Redirect } from './guard.ts'
import type { Line } from '../../libraries/line.ts'
import { normalize } from './refusals.ts'

/** A line with a deadline, a breaker, errors of our own, and scripts that the server may not know yet. */
export class GuardedConnection implements Connection, Path {
  readonly line: Line
  readonly guard: Guard
  readonly redirect: Redirect | undefined

  constructor(line: Line, guard: Guard, redirect?: Redirect) {
    this.line = line
    this.guard = guard
    this.redirect = redirect
  }

  get server(): object {
    return this.guard
  }

  get node(): string {
    return this.guard.node
  }

  /** Resolves when a call may be sent; `undefined` = at once, even if it is refused. */
  waiting(): Promise<void> | undefined {
    return this.guard.starting ?? (this.line.isUp ? undefined : this.guard.onMissing())
  }

  run(command: Command, form: ReplyForm, withinMs?: number): Promise<Reply> {
    if (!this.#isOpen()) return this.#later(withinMs, (ms) => this.run(command, form, ms))
    return new Promise((resolve, reject) => {
      const call = new SingleCall(this, resolve, reject)
      this.guard.deadlines.add(call, withinMs)
      call.send(command, form)
    })
  }

  runAll(commands: readonly Command[], form: ReplyForm, withinMs?: number): Promise<readonly Reply[]> {
    if (commands.length === 0) return Promise.resolve([])
    if (!this.#isOpen()) return this.#later(withinMs, (ms) => this.runAll(commands, form, ms))
    return new Promise((resolve, reject) => {
      const call = new RowCall(this, resolve, reject, commands, form)
      this.guard.deadlines.add(call, withinMs)
      call.send()
    })
  }

  /** Asks for a sign of life, regardless of the breaker. Any answer is one. */
  async probe(): Promise<void> {
    if (!this.line.isUp) throw this.#notConnected()
    await new Promise<void>((resolve, reject) => {
      const call = new Probe(this, resolve, reject)
      this.guard.deadlines.add(call)
      call.send(PING, 'text')
    })
  }

  /**
   * Rejects all calls that wait for answers of this line, and drops their answers if these still come. Returns whether
   * there were any.
   */
  abandon(error: unknown): boolean {
    const { deadlines, mask } = this.guard
    const reason = normalize(error, mask)
    let isAny = false
    for (const call of deadlines) {
      if (!(call instanceof Call) || call.path.line !== this.line) continue
      isAny = true
      call.abandon(reason)
    }
    return isAny
  }

  // Whether a call may be sent at once.
  #isOpen(): boolean {
    const { starting, breaker } = this.guard
    return starting === undefined && this.line.isUp && !breaker.isOpen
  }

  // Makes a call again after the wait, or refuses it.
  #later<T>(withinMs: number | undefined, call: (withinMs: number) => Promise<T>): Promise<T> {
    const { deadlines, turn, server, node } = this.guard
    const waiting = this.waiting()
    if (waiting !== undefined) return deadlines.leftAfter(waiting, withinMs).then(call)
    server?.failed()
    if (!this.line.isUp) return turn.refuse(this.#notConnected())
    const message = `${node} does not answer; it is not asked for now`
    return turn.refuse(toldElsewhere(new StoreUnavailableError(message)))
  }

  #notConnected(): StoreUnavailableError {
    const { node, trouble } = this.guard
    const isKnown = trouble !== undefined && trouble.reason !== 'timeout'
    const message = `not connected to ${node}${isKnown ? `: ${trouble.message}` : ''}`
    return toldElsewhere(new StoreUnavailableError(message, isKnown ? { reason: trouble.reason } : {}))
  }
}

const PING: Command = { args: ['PING'] }
