import type { Arg, ReplyForm } from '../connection/client.ts'

const CLOSED_EARLY =
  'the server closed the connection before it was ready; perhaps it speaks TLS and the URL does not (rediss://), or it has too many clients'

const NO_HANDSHAKE =
  'the server does not answer in TLS; perhaps it speaks none, and the URL is to begin with redis://'

/** The reason of an attempt to connect that has failed: more is said of a server that speaks TLS where we don't, or not. */
export function attemptError(error: unknown, isTls: boolean): unknown {
  if (error === undefined) return new Error(CLOSED_EARLY)
  if (!(error instanceof Error)) return error
  const { message } = error
  const isClosed = message === 'Socket closed unexpectedly' || Reflect.get(error, 'code') === 'ECONNRESET'
  if (isTls && /timeout|timedout|wrong version number|packet length/i.test(message))
    return new Error(`${NO_HANDSHAKE}: ${message}`)
  return isClosed ? new Error(`${CLOSED_EARLY}: ${message}`) : error
}

/** The error of a cluster, with what a node of it has said. */
export function withReason(error: unknown, reason: unknown): unknown {
  if (!(error instanceof Error) || !(reason instanceof Error)) return error
  return new Error(`${error.message.replace(/\.$/, '')}: ${reason.message}`, { cause: reason })
}

/** What a line tells whoever guards it. */
export interface LineListener {
  /** From now on commands go over a new connection. */
  onUp(): void
  /** The connection is lost: what was sent is not answered any more, or not by this server. */
  onDown(error: unknown): void
  /** It could not be made, or something else went wrong with it. */
  onTrouble(error: unknown): void
}

/** One connection of a client library, as little as all of them have in common. */
export interface Line {
  /** Whether a command would be written at once, to the connection that `onUp` told of. */
  readonly isUp: boolean
  /** The bytes that have arrived over the present connection, where the library lets see them. */
  readonly received?: number | undefined
  /** Writes a command; those sent in one turn of the event loop go out in one write, in their order. */
  send(args: readonly Arg[], form: ReplyForm): Promise<unknown>
  /** Begins to report; to be called once. If the line is up already, nothing is reported for that. */
  listen(listener: LineListener): void
  /** Replaces a connection that is silent by a new one; absent where the connection is not ours to close. */
  readonly reset?: (() => void) | undefined
  /** Ends the reports, and the connection if it is ours. */
  close(): void
}

/** A line that can receive messages. */
export interface SubscriberLine extends Line {
  /** Resolves when messages from now on arrive. Each connection has to subscribe anew. */
  subscribe(channel: string, onMessage: (text: string) => void): Promise<void>
}

/** What a client is to the library: where connections come from. */
export interface Source {
  /** Names the server in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  /** The number of the database. */
  readonly database: number
  /** The client itself. */
  line(): Line
  /** A connection of its own, with the settings of the client and the rules of this library. It connects at once. */
  open(): SubscriberLine
  /** Frees what belongs to no line. */
  close?(): void
}
