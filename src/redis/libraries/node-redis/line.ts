import { withBuffers, type Arg, type ReplyForm } from '../../connection/client.ts'
import { closeClient } from '../../connection/closing.ts'
import { listenTo, type ClientEvents } from '../client-events.ts'
import { attemptError, type LineListener, type SubscriberLine } from '../line.ts'

/** Options of a command of node-redis 5 or 6: the types of its reply, by the first byte on the wire. */
export interface NodeRedisOptions {
  readonly typeMapping?: Readonly<Record<number, unknown>>
  readonly timeout?: number
}

/** The used part of a client of node-redis 5 or 6. */
export interface NodeRedis extends ClientEvents {
  readonly isOpen: boolean
  readonly options?: { readonly socket?: object; readonly database?: number }
  readonly isReady: boolean
  readonly isPubSubActive?: boolean
  connect(): Promise<unknown>
  destroy(): void
  duplicate(overrides?: object): NodeRedis
  withCommandOptions(options: NodeRedisOptions): NodeRedis
  sendCommand(args: readonly (string | Buffer)[], options?: NodeRedisOptions): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<void>
}

const SIMPLE_STRING = 43
const BULK_STRING = 36

/** Options for replies as bytes. No timeout, because a timer for each command costs more than all the rest. */
export const BYTES: NodeRedisOptions = {
  timeout: 0,
  typeMapping: { [SIMPLE_STRING]: Buffer, [BULK_STRING]: Buffer },
}

/** Options for replies as text, regardless of the types that the user's client maps. */
export const TEXT: NodeRedisOptions = { timeout: 0, typeMapping: {} }

/**
 * A client of node-redis, which writes the commands of one turn of the event loop at once. A client of the user is only
 * used. A client made by `make` belongs to the line, which connects, replaces and closes it.
 */
export class NodeRedisLine implements SubscriberLine {
  readonly #make: (() => NodeRedis) | undefined
  readonly #renew: (() => void) | undefined
  #client: NodeRedis
  // Views with fixed options, because merging options with each command costs as much as the command itself. Views of
  // node-redis 5 don't pass them on, but have nothing to merge them with either.
  #text: NodeRedis | undefined = undefined
  #bytes: NodeRedis | undefined = undefined
  #isUp: boolean
  // Whether there is a socket, ready or not.
  #hasSocket = false
  #listener: LineListener | undefined = undefined
  #detach: (() => void) | undefined = undefined

  /** `renew` asks the owner of the client to replace it by another one, which gets a line of its own. */
  constructor(client: NodeRedis, make?: () => NodeRedis, renew?: () => void) {
    this.#make = make
    this.#renew = renew
    this.#client = client
    this.#isUp = client.isReady
  }

  /** Makes a line with a client of its own. */
  static own(make: () => NodeRedis): NodeRedisLine {
    return new NodeRedisLine(make(), make)
  }

  get isUp(): boolean {
    return this.#isUp && this.#client.isReady
  }

  get reset(): (() => void) | undefined {
    return this.#make === undefined ? this.#renew : this.#replace
  }

  send(args: readonly Arg[], form: ReplyForm): Promise<unknown> {
    const ready = withBuffers(args)
    const view = form === 'bytes' ? this.#bytes : this.#text
    if (view !== undefined) return view.sendCommand(ready)
    return this.#client.sendCommand(ready, form === 'bytes' ? BYTES : TEXT)
  }

  listen(listener: LineListener): void {
    this.#listener = listener
    this.#attach()
    if (this.#isUp) void this.#lookForViews(this.#client)
    if (!this.#client.isOpen) this.#client.connect().catch(this.#onError)
  }

  async subscribe(channel: string, onMessage: (text: string) => void): Promise<void> {
    await this.#client.subscribe(channel, onMessage)
  }

  close(): void {
    this.#listener = undefined
    this.#isUp = false
    this.#detach?.()
    if (this.#make !== undefined) closeClient(this.#client, this.#hasSocket)
  }

  // An error that ends a connection does not count as an error of the next one.
  readonly #onError = (error: unknown): void => {
    const wasUp = this.#isUp
    this.#hasSocket = false
    this.#down(error)
    if (!wasUp) this.#listener?.onTrouble(attemptError(error, isTls(this.#client)))
  }

  readonly #onConnect = (): void => {
    this.#hasSocket = true
  }

  readonly #onEnd = (): void => this.#down(new Error('the client was closed'))

  readonly #onReady = (): void => {
    this.#isUp = true
    if (this.#text === undefined) void this.#lookForViews(this.#client)
    this.#listener?.onUp()
  }

  readonly #replace = (): void => {
    if (this.#make === undefined || this.#listener === undefined) return
    const old = this.#client
    this.#detach?.()
    closeClient(old, this.#hasSocket)
    this.#hasSocket = false
    this.#wasUp(new Error('the connection was silent'))
    this.#client = this.#make()
    this.#text = undefined
    this.#bytes = undefined
    this.#attach()
    this.#client.connect().catch(this.#onError)
  }

  // The type of a reply shows whether a view passes its options on.
  async #lookForViews(client: NodeRedis): Promise<void> {
    try {
      const bytes = client.withCommandOptions(BYTES)
      if (!Buffer.isBuffer(await bytes.sendCommand(['PING'])) || client !== this.#client) return
      this.#bytes = bytes
      this.#text = client.withCommandOptions(TEXT)
    } catch {
      // The line works without views.
    }
  }

  #attach(): void {
    const handlers = {
      connect: this.#onConnect,
      error: this.#onError,
      end: this.#onEnd,
      ready: this.#onReady,
    }
    this.#detach = listenTo(this.#client, handlers)
  }

  #down(error: unknown): void {
    if (!this.#client.isReady) this.#wasUp(error)
  }

  #wasUp(error: unknown): void {
    if (!this.#isUp) return
    this.#isUp = false
    this.#listener?.onDown(error)
  }
}

function isTls({ options }: NodeRedis): boolean {
  return Reflect.get(options?.socket ?? {}, 'tls') === true
}
