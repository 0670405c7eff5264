import { StoreTimeoutError, type StoreUnavailableError } from '../../../core/errors.ts'
import { toldElsewhere } from '../../../core/logging/log.ts'
import { nameOf, toArgs, type Arg, type Command, type Reply, type ReplyForm } from '../client.ts'
import { LOOK_MS, Timed } from './deadlines.ts'
import type { Guard, Path } from './guard.ts'
import { isAnswer, isRedirection, isUnknownScript, normalize, QUEUED } from './refusals.ts'

/** A call that waits for an answer. It is settled once, and later answers are dropped. */
export abstract class Call extends Timed {
  readonly path: Path
  readonly #reject: (error: Error) => void
  protected isOver = false
  // The bytes of its large values, counted when it was due; -1 before.
  #bytes = -1
  // The bytes of large values that the line had carried at the last look.
  #arrived: number
  // The bytes that the connection had received at the last look, the first of which is shortly before the call is due.
  #received: number | undefined = undefined
  #lookedAtMs = 0

  constructor(path: Path, reject: (error: Error) => void) {
    super()
    this.path = path
    this.#arrived = path.guard.arrived
    this.#reject = reject
  }

  /** Returns about the bytes of its large values; 0 = none. */
  abstract bytes(): number

  override soon(nowMs: number): void {
    if (this.#received !== undefined) return
    this.#received = this.path.line.received
    this.#lookedAtMs = nowMs
  }

  // Answers come in order. The call also waits for the bytes of earlier calls, and some sizes are not known before.
  override longerMs(nowMs: number): number {
    const { guard, line } = this.path
    const { received } = line
    const bytes = Math.max(guard.arrived - this.#arrived, (received ?? 0) - (this.#received ?? Infinity))
    const sinceMs = nowMs - this.#lookedAtMs
    this.#arrived = guard.arrived
    this.#received = received
    this.#lookedAtMs = nowMs
    const ms = guard.large.msFor(bytes)
    // Bytes come in chunks, so that a short time shows nothing.
    const goesOnMs = bytes > 0 && ms >= sinceMs ? Math.max(ms, LOOK_MS) : ms
    if (this.#bytes !== -1) return goesOnMs
    this.#bytes = this.bytes()
    guard.lateBytes += this.#bytes
    return Math.max(goesOnMs, guard.large.msFor(bytes + guard.lateBytes))
  }

  expire(): void {
    const { guard } = this.path
    this.isOver = true
    if (this.#bytes > 0) guard.lateBytes -= this.#bytes
    // A call that had waited for a connection had little time left.
    if (!this.isShort) guard.breaker.failed()
    guard.server?.failed()
    guard.onTimeout()
    const message = `no answer from ${guard.node} within ${guard.deadlines.hardMs} ms`
    this.#reject(toldElsewhere(new StoreTimeoutError(message)))
  }

  /** Rejects the call, because no answer can come any more. */
  abandon(reason: Error): void {
    if (this.isOver) return
    this.path.guard.server?.failed()
    this.end()
    this.#reject(reason)
  }

  protected end(): void {
    this.isOver = true
    const { guard } = this.path
    if (this.#bytes > 0) guard.lateBytes -= this.#bytes
    guard.deadlines.remove(this)
  }

  // A refusal is a quick answer, so it does not count for the breaker, which is for silent servers.
  protected fail(error: unknown, name: string): void {
    if (this.isOver) return
    const { breaker } = this.path.guard
    if (isAnswer(error)) breaker.succeeded()
    else breaker.failed()
    this.end()
    this.#reject(this.refused(error, name))
  }

  protected refused(error: unknown, name: string): StoreUnavailableError | StoreTimeoutError {
    const { guard } = this.path
    const reason = normalize(error, guard.mask)
    guard.onRefusal(name, reason)
    return reason
  }

  // Counts late answers too, because they show that the connection is slow and not silent. Returns whether the call
  // still waits for them.
  protected heard(command: Command, reply: Reply): boolean {
    const { guard } = this.path
    guard.answers++
    guard.arrived += guard.large.note(command, reply)
    if (this.isOver) return false
    if (guard.server?.isRefusing === true && !(reply instanceof Error)) guard.server.did(nameOf(command))
    return true
  }
}

/** A call of one command. */
export class SingleCall extends Call {
  readonly #resolve: (reply: Reply) => void
  #command: Command | undefined = undefined

  constructor(path: Path, resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    super(path, reject)
    this.#resolve = resolve
  }

  bytes(): number {
    return this.#command === undefined ? 0 : this.path.guard.large.bytesOf(this.#command)
  }

  send(command: Command, form: ReplyForm): void {
    this.#command = command
    this.path.line.send(firstArgs(this.path.guard, command), form).then(
      (reply) => this.#answer(command, reply as Reply),
      (error: unknown) => this.#again(command, form, error, false, false),
    )
  }

  // Adds the source if the server did not know the script, and goes to another node if this one says so, once each.
  #again(command: Command, form: ReplyForm, error: unknown, hasSource: boolean, isRedirected: boolean): void {
    if (this.isOver) return
    const { redirect } = this.path
    const isUnknown = !hasSource && 'script' in command && isUnknownScript(error)
    const isElsewhere = !isRedirected && redirect !== undefined && isRedirection(error)
    if (!isUnknown && !isElsewhere) return this.fail(error, nameOf(command))
    const withSource = hasSource || isUnknown
    const elsewhere = isRedirected || isElsewhere
    const args = toArgs(command, withSource)
    const sent = elsewhere ? redirect!(args, form, error) : this.path.line.send(args, form)
    sent.then(
      (reply) => this.#answer(command, reply as Reply),
      (again: unknown) => this.#again(command, form, again, withSource, elsewhere),
    )
  }

  #answer(command: Command, reply: Reply): void {
    if (isQueued(reply)) return this.fail(new Error(QUEUED), nameOf(command))
    if (!this.heard(command, reply)) return
    this.path.guard.breaker.succeeded()
    this.end()
    this.#resolve(reply)
  }
}

/** A call that asks for a sign of life. Any answer is one, even an error. */
export class Probe extends SingleCall {
  readonly #resolve: () => void

  constructor(path: Path, resolve: () => void, reject: (error: Error) => void) {
    super(path, resolve, reject)
    this.#resolve = resolve
  }

  protected override fail(error: unknown, name: string): void {
    if (isAnswer(error)) this.#resolve()
    super.fail(error, name)
  }
}

/** A call of a row of commands, which share one deadline. */
export class RowCall extends Call {
  readonly #resolve: (replies: readonly Reply[]) => void
  readonly #commands: readonly Command[]
  readonly #form: ReplyForm
  readonly #replies: Reply[]
  #missing = 0
  // The indexes of commands that have to be sent again, and the way to send them.
  #again: number[] = []
  #redirection: unknown = undefined
  #needSource = new Set<string>()
  #round = 0

  constructor(
    path: Path,
    resolve: (replies: readonly Reply[]) => void,
    reject: (error: Error) => void,
    commands: readonly Command[],
    form: ReplyForm,
  ) {
    super(path, reject)
    this.#resolve = resolve
    this.#commands = commands
    this.#form = form
    this.#replies = Array.from<Reply>({ length: commands.length })
  }

  bytes(): number {
    const { large } = this.path.guard
    let bytes = 0
    for (const command of this.#commands) bytes += large.bytesOf(command)
    return bytes
  }

  send(): void {
    const { line, guard } = this.path
    this.#missing = this.#commands.length
    for (let index = 0; index < this.#commands.length; index++)
      this.#sendOne(index, line.send(firstArgs(guard, this.#commands[index]!), this.#form))
  }

  #sendOne(index: number, sent: Promise<unknown>): void {
    sent.then(
      (reply) => this.#put(index, reply as Reply),
      (error: unknown) => this.#refuse(index, error),
    )
  }

  #put(index: number, reply: Reply): void {
    if (isQueued(reply)) return this.#refuse(index, new Error(QUEUED))
    if (!this.heard(this.#commands[index]!, reply)) return
    this.#replies[index] = reply
    this.#missing--
    if (this.#missing > 0) return
    if (this.#again.length > 0) return this.#sendAgain()
    this.path.guard.breaker.succeeded()
    this.end()
    this.#resolve(this.#replies)
  }

  #refuse(index: number, error: unknown): void {
    if (this.isOver) return
    const command = this.#commands[index]!
    if (!isAnswer(error)) return this.fail(error, nameOf(command))
    const isUnknown = 'script' in command && isUnknownScript(error)
    const isElsewhere = this.path.redirect !== undefined && isRedirection(error)
    // The next node may not know the script either.
    if (this.#round < 2 && (isUnknown || isElsewhere)) {
      this.#again.push(index)
      if (isElsewhere) this.#redirection = error
      if (isUnknown) this.#needSource.add(command.script.sha)
      this.#put(index, normalize(error, this.path.guard.mask))
    } else this.#put(index, this.refused(error, nameOf(command)))
  }

  // Commands keep their order, behind all the others. The first of each unknown script has its source. In the second
  // round each script has it, because several servers may be behind one endpoint.
  #sendAgain(): void {
    const again = this.#again
    this.#again = []
    this.#round++
    this.#missing = again.length
    const { line, redirect } = this.path
    for (const index of again) {
      const command = this.#commands[index]!
      const hasSource =
        'script' in command && (this.#needSource.delete(command.script.sha) || this.#round > 1)
      const args = toArgs(command, hasSource)
      const isElsewhere = this.#redirection !== undefined
      const sent = isElsewhere ? redirect!(args, this.#form, this.#redirection) : line.send(args, this.#form)
      this.#sendOne(index, sent)
    }
  }
}

// The library gets this reply only if another user of the client has begun a transaction on the same connection.
function isQueued(reply: Reply): boolean {
  if (reply === 'QUEUED') return true
  return ArrayBuffer.isView(reply) && reply.length === 6 && String(Buffer.from(reply)) === 'QUEUED'
}

// The first call of each script over a connection has the source. Otherwise a script that the server does not know
// would be sent again, behind later calls.
function firstArgs({ scripts }: Guard, command: Command): readonly Arg[] {
  if (!('script' in command)) return command.args
  const isFirst = !scripts.has(command.script)
  if (isFirst) scripts.add(command.script)
  return toArgs(command, isFirst)
}
