import { StoreUnavailableError } from '../../core/errors.ts'
import type { Command, Connection, Reply, ReplyForm } from '../client.ts'
import { Call, RowCall, SingleCall } from './calls.ts'
import type { Guard, Path, Redirect } from './guard.ts'
import type { Line } from './line.ts'
import { normalize } from './refusals.ts'

/** A line with a deadline, a breaker, errors of our own, and scripts that the server need not know yet. */
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

  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.line.isUp
  }

  run(command: Command, form: ReplyForm): Promise<Reply> {
    const { starting } = this.guard
    if (starting !== undefined) return starting.then(() => this.run(command, form))
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const call = new SingleCall(this, resolve, reject)
      this.guard.deadlines.add(call)
      call.send(command, form)
    })
  }

  runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    if (commands.length === 0) return Promise.resolve([])
    const { starting } = this.guard
    if (starting !== undefined) return starting.then(() => this.runAll(commands, form))
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const call = new RowCall(this, resolve, reject, commands, form)
      this.guard.deadlines.add(call)
      call.send()
    })
  }

  /** Asks for a sign of life, whatever the breaker says: any answer of a server that serves is one. */
  async probe(): Promise<void> {
    if (!this.isUp) throw this.#notConnected()
    await new Promise<void>((resolve, reject) => {
      const call = new SingleCall(
        this,
        () => resolve(),
        (error) =>
          error instanceof StoreUnavailableError && error.reason !== 'unavailable'
            ? resolve()
            : reject(error),
      )
      this.guard.deadlines.add(call)
      call.send(PING, 'text')
    })
  }

  /** Rejects whatever waits for the answers of this line: if they still come, they are dropped. */
  abandon(error: unknown): void {
    const { deadlines, mask } = this.guard
    const reason = normalize(error, mask)
    for (const call of deadlines)
      if (call instanceof Call && call.path.line === this.line) call.abandon(reason)
  }

  #refusal(): StoreUnavailableError | undefined {
    if (!this.isUp) return this.#notConnected()
    const { breaker, node } = this.guard
    if (breaker.isOpen) return new StoreUnavailableError(`${node} does not answer; it is not asked for now`)
    return undefined
  }

  #notConnected(): StoreUnavailableError {
    const { node, trouble } = this.guard
    if (trouble === undefined || trouble.reason === 'timeout')
      return new StoreUnavailableError(`not connected to ${node}`)
    return new StoreUnavailableError(`not connected to ${node}: ${trouble.message}`, {
      reason: trouble.reason,
    })
  }
}

const PING: Command = { args: ['PING'] }
