import { StoreTimeoutError, StoreUnavailableError } from '../../core/errors.ts'
import type { Arg, Command, Connection, Reply, ReplyForm } from '../client.ts'
import type { Breaker } from './breaker.ts'
import { Timed, type Deadlines } from './deadlines.ts'
import type { Line } from './line.ts'
import { isAnswer, isSilence, isUnknownScript, normalize, type Mask } from './refusals.ts'

/** What guards one node's connections. */
export interface Guard {
  /** Names the node in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  readonly deadlines: Deadlines
  readonly breaker: Breaker
  readonly mask: Mask
}

/** A line with a deadline, a breaker, errors of our own, and scripts that the server need not know yet. */
export class GuardedConnection implements Connection {
  readonly line: Line
  /** Why there is no connection, where that is known. */
  trouble: StoreUnavailableError | StoreTimeoutError | undefined = undefined
  readonly #guard: Guard

  constructor(line: Line, guard: Guard) {
    this.line = line
    this.#guard = guard
  }

  run(command: Command, form: ReplyForm): Promise<Reply> {
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const call = new SingleCall(this.line, this.#guard, resolve, reject)
      this.#guard.deadlines.add(call)
      call.send(command, form)
    })
  }

  runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    if (commands.length === 0) return Promise.resolve([])
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const call = new RowCall(this.line, this.#guard, resolve, reject, commands, form)
      this.#guard.deadlines.add(call)
      call.send()
    })
  }

  /** Asks for a sign of life, whatever the breaker says: any answer of a server that serves is one. */
  async probe(): Promise<void> {
    if (!this.line.isUp) throw notConnected(this.#guard.node, this.trouble)
    await new Promise<void>((resolve, reject) => {
      const call = new SingleCall(
        this.line,
        this.#guard,
        () => resolve(),
        (error) =>
          error instanceof StoreUnavailableError && error.reason !== 'unavailable'
            ? resolve()
            : reject(error),
      )
      this.#guard.deadlines.add(call)
      call.send(PING, 'text')
    })
  }

  /** Rejects whatever waits for this connection's answers: if they still come, they are dropped. */
  abandon(error: unknown): void {
    const { deadlines, mask } = this.#guard
    const reason = normalize(error, mask)
    for (const call of deadlines) if (call instanceof Call && call.line === this.line) call.abandon(reason)
  }

  #refusal(): StoreUnavailableError | undefined {
    const { breaker, node } = this.#guard
    if (!this.line.isUp) return notConnected(node, this.trouble)
    if (breaker.isOpen) return new StoreUnavailableError(`${node} does not answer; it is not asked for now`)
    return undefined
  }
}

/** What waits for an answer; settled once, and whatever comes later is dropped. */
abstract class Call extends Timed {
  readonly line: Line
  protected readonly guard: Guard
  readonly #reject: (error: Error) => void
  protected isOver = false

  constructor(line: Line, guard: Guard, reject: (error: Error) => void) {
    super()
    this.line = line
    this.guard = guard
    this.#reject = reject
  }

  expire(): void {
    const { breaker, deadlines, node } = this.guard
    this.isOver = true
    breaker.failed()
    this.#reject(new StoreTimeoutError(`no answer from ${node} within ${deadlines.hardMs} ms`))
  }

  /** Nothing will answer it any more. */
  abandon(reason: Error): void {
    if (this.isOver) return
    this.end()
    this.#reject(reason)
  }

  protected end(): void {
    this.isOver = true
    this.guard.deadlines.remove(this)
  }

  protected fail(error: unknown): void {
    if (this.isOver) return
    this.judge(error)
    this.end()
    this.#reject(normalize(error, this.guard.mask))
  }

  // A refusal is an answer, and a quick one.
  protected judge(error: unknown): void {
    if (isSilence(error)) this.guard.breaker.failed()
    else this.guard.breaker.succeeded()
  }
}

class SingleCall extends Call {
  readonly #resolve: (reply: Reply) => void

  constructor(line: Line, guard: Guard, resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    super(line, guard, reject)
    this.#resolve = resolve
  }

  send(command: Command, form: ReplyForm): void {
    this.line.send(toArgs(command), form).then(
      (reply) => this.#answer(reply as Reply),
      (error: unknown) => {
        if (this.isOver || !('script' in command) || !isUnknownScript(error)) return this.fail(error)
        this.line.send(toSourceArgs(command), form).then(
          (reply) => this.#answer(reply as Reply),
          (again: unknown) => this.fail(again),
        )
      },
    )
  }

  #answer(reply: Reply): void {
    if (this.isOver) return
    this.guard.breaker.succeeded()
    this.end()
    this.#resolve(reply)
  }
}

/** A row of commands, which have one deadline. */
class RowCall extends Call {
  readonly #resolve: (replies: readonly Reply[]) => void
  readonly #commands: readonly Command[]
  readonly #form: ReplyForm
  readonly #replies: Reply[] = []
  #missing = 0
  #unknown: number[] = []
  #isTeaching = false

  constructor(
    line: Line,
    guard: Guard,
    resolve: (replies: readonly Reply[]) => void,
    reject: (error: Error) => void,
    commands: readonly Command[],
    form: ReplyForm,
  ) {
    super(line, guard, reject)
    this.#resolve = resolve
    this.#commands = commands
    this.#form = form
  }

  send(): void {
    this.#missing = this.#commands.length
    for (let index = 0; index < this.#commands.length; index++) {
      this.#replies.push(null)
      this.#sendOne(index, toArgs(this.#commands[index]!))
    }
  }

  #sendOne(index: number, args: readonly Arg[]): void {
    this.line.send(args, this.#form).then(
      (reply) => this.#put(index, reply as Reply),
      (error: unknown) => this.#refuse(index, error),
    )
  }

  #put(index: number, reply: Reply): void {
    if (this.isOver) return
    this.#replies[index] = reply
    this.#missing--
    if (this.#missing > 0) return
    if (this.#unknown.length > 0) return this.#teach()
    this.guard.breaker.succeeded()
    this.end()
    this.#resolve(this.#replies)
  }

  #refuse(index: number, error: unknown): void {
    if (this.isOver) return
    if (!isAnswer(error)) return this.fail(error)
    const isUnknown = !this.#isTeaching && isUnknownScript(error) && 'script' in this.#commands[index]!
    if (isUnknown) this.#unknown.push(index)
    this.#put(index, normalize(error, this.guard.mask))
  }

  // What the server did not know, again in its order, behind all the others; the first of each script with its source.
  #teach(): void {
    const unknown = this.#unknown
    this.#unknown = []
    this.#isTeaching = true
    this.#missing = unknown.length
    const taught = new Set<string>()
    for (const index of unknown) {
      const command = this.#commands[index] as ScriptCommand
      this.#sendOne(index, taught.has(command.script.sha) ? toArgs(command) : toSourceArgs(command))
      taught.add(command.script.sha)
    }
  }
}

const PING: Command = { args: ['PING'] }

function notConnected(
  node: string,
  trouble: StoreUnavailableError | StoreTimeoutError | undefined,
): StoreUnavailableError {
  if (trouble?.reason === undefined || trouble.reason === 'timeout')
    return new StoreUnavailableError(`not connected to ${node}`)
  return new StoreUnavailableError(`not connected to ${node}: ${trouble.message}`, { reason: trouble.reason })
}

type ScriptCommand = Extract<Command, { script: unknown }>

function toArgs(command: Command): readonly Arg[] {
  if (!('script' in command)) return command.args
  const { script, keys, args } = command
  return ['EVALSHA', script.sha, String(keys.length), ...keys, ...args]
}

function toSourceArgs({ script, keys, args }: ScriptCommand): readonly Arg[] {
  return ['EVAL', script.source, String(keys.length), ...keys, ...args]
}
