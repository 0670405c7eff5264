import { soon } from '../../../core/time/system.ts'
import { withBuffers, type Arg, type ReplyForm } from '../../connection/client.ts'
import { isAnswer } from '../../connection/guard/refusals.ts'
import { listenTo, type ClientEvents } from '../client-events.ts'
import { attemptError, type LineListener, type SubscriberLine } from '../line.ts'

/** A command of ioredis 5 or 6. */
export interface IoredisCommand {
  readonly promise: Promise<unknown>
  pipelineIndex?: number
}

type IoredisCommandClass = new (
  name: string,
  args: readonly (string | Buffer)[],
  options: { readonly replyEncoding: 'utf8' | null },
) => IoredisCommand

/** The used part of a client of ioredis 5 or 6. */
export interface Ioredis extends ClientEvents {
  readonly status: string
  readonly mode?: string
  readonly condition?: { readonly select?: number } | null
  readonly options: {
    readonly db?: number
    readonly host?: string | null
    readonly port?: number | null
    readonly path?: string | null
    readonly name?: string | null
    readonly sentinels?: readonly unknown[] | null
    readonly failoverDetector?: boolean
    readonly tls?: object | null
  }
  readonly stream?: {
    readonly writable?: boolean
    readonly bytesRead?: number
    cork?: () => void
    uncork?: () => void
    destroy?: () => void
    resetAndDestroy?: () => void
  }
  connect(): Promise<unknown>
  emit?(event: 'error', error: unknown): unknown
  disconnect(reconnect?: boolean): void
  duplicate(overrides?: object): Ioredis
  call(name: string): Promise<unknown>
  sendCommand(command: IoredisCommand): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
}

const NOT_YET = /^(?:NOAUTH|WRONGPASS|LOADING|BUSY|DENIED|ERR max number of clients) ?/
const CUT_SHORT = 'Connection is closed.'

/**
 * Clients that ioredis has given up for ever, because another master or a reset came up while they asked sentinels for
 * the master. A line connects them again. They are listed by client because the line that saw it may be closed by then.
 * A client that was closed on purpose ends without that error.
 */
const cutShort = new WeakSet<Ioredis>()

/**
 * A client of ioredis. Commands of one turn of the event loop are held back and go out in one write, because ioredis
 * does not do this by itself. Unlike with its own pipelining, values are not copied for that. A client of the user is
 * only used. A client that is `own` belongs to the line.
 */
export class IoredisLine implements SubscriberLine {
  readonly #client: Ioredis
  readonly #isOwn: boolean
  readonly #command: ReturnType<typeof ioredisCommand>
  #isUp: boolean
  // Whether the reason of the next loss was reported.
  #hasTold = false
  // Whether the server does not have the database. ioredis goes on in database 0 then.
  #isElsewhere = false
  #listener: LineListener | undefined = undefined
  #onMessage: ((channel: string, text: string) => void) | undefined = undefined
  #corked: Ioredis['stream'] = undefined
  #detach: (() => void) | undefined = undefined

  constructor(client: Ioredis, isOwn = false) {
    this.#client = client
    this.#isOwn = isOwn
    this.#command = ioredisCommand(client)
    this.#isUp = client.status === 'ready'
  }

  get isUp(): boolean {
    return this.#isUp && this.#client.status === 'ready' && this.#client.stream?.writable !== false
  }

  get received(): number | undefined {
    return this.#client.stream?.bytesRead
  }

  get #isTls(): boolean {
    return (this.#client.options.tls ?? undefined) !== undefined
  }

  get reset(): (() => void) | undefined {
    return this.#isOwn ? this.#replace : undefined
  }

  send(args: readonly Arg[], form: ReplyForm): Promise<unknown> {
    const [name, ...rest] = withBuffers(args)
    const command = this.#command(name as string, rest, form)
    if (this.#corked === undefined) this.#cork()
    return this.#client.sendCommand(command)
  }

  listen(listener: LineListener): void {
    this.#listener = listener
    this.#detach = listenTo(this.#client, {
      error: this.#onError,
      close: this.#onClose,
      ready: this.#onReady,
      end: this.#onEnd,
    })
    if (this.#client.status === 'wait') this.#client.connect().catch(ignore)
    if (this.#client.status === 'end') this.#onEnd()
    if (this.#isUp && (this.#client.options.db ?? 0) !== 0) void this.#select()
  }

  // The error of a client that was connected before was not heard.
  async #select(): Promise<void> {
    this.#isUp = false
    const { stream } = this.#client
    try {
      await this.send(['select', String(this.#client.condition?.select ?? this.#client.options.db)], 'text')
      if (stream === this.#client.stream && !this.#isUp) this.#onReady()
    } catch (error) {
      // The loss of the connection is reported by its event.
      if (stream === this.#client.stream && isSelect(error)) this.#onError(error)
    }
  }

  async subscribe(channel: string, onMessage: (text: string) => void): Promise<void> {
    if (this.#onMessage !== undefined) this.#client.off('message', this.#onMessage)
    this.#onMessage = (from, text) => {
      if (from === channel) onMessage(text)
    }
    this.#client.on('message', this.#onMessage)
    await this.#client.subscribe(channel)
  }

  close(): void {
    this.#listener = undefined
    this.#isUp = false
    this.#detach?.()
    if (this.#isOwn) this.#client.disconnect()
  }

  readonly #onError = (error: unknown): void => {
    // A failure after that comes from giving the connection up.
    if (this.#isElsewhere || isAfterwards(error)) return
    if (isReadyCheck(error)) {
      if (this.#isOwn) {
        Object.assign(this.#client.options, { enableReadyCheck: false })
        return
      }
      this.#listener?.onTrouble(
        new Error(`make the client with enableReadyCheck: false, because ${error.message}`),
      )
      return
    }
    if (isSelect(error)) {
      this.#isElsewhere = true
      if (this.#isUp) this.#down(error)
      if (this.#isOwn) this.#replace()
    }
    if ((error as Partial<Error> | undefined)?.message === CUT_SHORT) cutShort.add(this.#client)
    this.#hasTold = true
    this.#listener?.onTrouble(attemptError(error, this.#isTls))
  }

  readonly #onEnd = (): void => {
    if (cutShort.delete(this.#client)) this.#client.connect().catch(ignore)
  }

  readonly #onClose = (): void => {
    const hasTold = this.#hasTold
    this.#hasTold = false
    this.#isElsewhere = false
    if (this.#isUp) this.#down(new Error('the connection was closed'))
    else if (!hasTold) this.#listener?.onTrouble(attemptError(undefined, this.#isTls))
  }

  readonly #onReady = (): void => {
    if (this.#isElsewhere) return
    this.#isUp = true
    cutShort.delete(this.#client)
    this.#listener?.onUp()
  }

  readonly #replace = (): void => this.#client.disconnect(true)

  #down(error: unknown): void {
    this.#isUp = false
    this.#listener?.onDown(error)
  }

  readonly #uncork = (): void => {
    const stream = this.#corked
    this.#corked = undefined
    stream?.uncork?.()
  }

  #cork(): void {
    const { stream } = this.#client
    if (stream?.cork === undefined || stream.uncork === undefined) return
    this.#corked = stream
    stream.cork()
    soon(this.#uncork)
  }
}

// The check of a connection fails that is lost already, for a reason that was reported.
function isAfterwards(error: unknown): boolean {
  return (error as Partial<Error> | undefined)?.message?.startsWith("Stream isn't writeable") === true
}

// ioredis selects the database of its options for each connection, and only reports that it can't.
function isSelect(error: unknown): boolean {
  const { command } = (error ?? {}) as { command?: { name?: string } }
  return command?.name === 'select' && isAnswer(error)
}

// ioredis sends INFO to see if a server is still loading. Some providers refuse it.
function isReadyCheck(error: unknown): error is Error {
  const { command, message = '' } = (error ?? {}) as { command?: { name?: string }; message?: string }
  return command?.name === 'info' && !NOT_YET.test(message)
}

/** Returns a function that makes commands for a client, with the class from the client's own copy of the package. */
export function ioredisCommand(
  client: Commander,
): (name: string, args: readonly (string | Buffer)[], form: ReplyForm) => IoredisCommand {
  const Command = commandClassOf(client)
  return (name, args, form) => {
    const command = new Command(name, args, { replyEncoding: form === 'text' ? 'utf8' : null })
    // Marks the command as the middle of a pipeline. When the connection is lost, ioredis rejects such a command and
    // does not send it again over the next one, where it would run after later commands.
    command.pipelineIndex = -1
    return command
  }
}

interface Commander {
  call(name: string): Promise<unknown>
}

// Gets the class through a view of the client, which looks at a command instead of sending it.
function commandClassOf(client: Commander): IoredisCommandClass {
  let command: object | undefined
  // The view is made from the prototype, because a client behind a Proxy binds its methods to itself.
  const view = Object.create(Object.getPrototypeOf(client) as object) as Commander
  Object.defineProperty(view, 'options', { value: {} })
  Object.defineProperty(view, 'sendCommand', {
    value: (made: object) => {
      command = made
      return Promise.resolve()
    },
  })
  void view.call('PING')
  return command!.constructor as IoredisCommandClass
}

function ignore(): void {}
