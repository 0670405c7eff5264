import { isError } from '../../internal/objects.ts'
import type { Arg, ReplyForm } from '../connection/client.ts'

const CLOSED_EARLY =
  'the server closed the connection before it was ready; perhaps it speaks TLS and the URL does not (rediss://), it has too many clients, or it lets only its own machine in (protected mode)'

const NO_HANDSHAKE =
  'the server does not answer in TLS; if it speaks no TLS, the URL has to begin with redis://'

/**
 * Returns the error of a failed attempt to connect, with a hint if one side seems to speak TLS and the other does not.
 */
export function attemptError(error: unknown, isTls: boolean): unknown {
  if (error === undefined) return new Error(CLOSED_EARLY)
  if (!isError(error)) return error
  const { message } = error
  const isClosed = message === 'Socket closed unexpectedly' || Reflect.get(error, 'code') === 'ECONNRESET'
  if (isTls && /timeout|timedout|wrong version number|packet length/i.test(message))
    return new Error(`${NO_HANDSHAKE}: ${message}`)
  return isClosed ? new Error(`${CLOSED_EARLY}: ${message}`) : error
}

/** Whether one side seems to speak TLS and the other does not. A server that goes away may look the same. */
export function isTlsDoubt({ message }: Error): boolean {
  return message.includes(CLOSED_EARLY) || message.includes(NO_HANDSHAKE)
}

/** Returns the error of a cluster, with the message of one of its nodes added. */
export function withReason(error: unknown, reason: unknown): unknown {
  if (!isError(error) || !isError(reason)) return error
  return new Error(`${error.message.replace(/\.$/, '')}: ${reason.message}`, { cause: reason })
}

/** The reports of a line to its guard. */
export interface LineListener {
  /** Commands go over a new connection from now on. */
  onUp(): void
  /** The connection is lost. Commands under way get no answer, or none from this server. */
  onDown(error: unknown): void
  /** The connection could not be made, or something else went wrong with it. */
  onTrouble(error: unknown): void
}

/** One connection of a client library, reduced to what all libraries have in common. */
export interface Line {
  /** Whether a command would be written at once, to the connection that `onUp` told of. */
  readonly isUp: boolean
  /** The bytes that have arrived over the present connection, if the library counts them. */
  readonly received?: number | undefined
  /** Writes a command. Commands of one turn of the event loop go out in one write, in their order. */
  send(args: readonly Arg[], form: ReplyForm): Promise<unknown>
  /** Begins to report. To be called once. Reports nothing for a line that is up already. */
  listen(listener: LineListener): void
  /** Replaces a silent connection by a new one; absent if the connection is not ours to close. */
  readonly reset?: (() => void) | undefined
  /** Ends the reports, and closes the connection if it is ours. */
  close(): void
}

/** A line that can receive messages. */
export interface SubscriberLine extends Line {
  /** Resolves when messages arrive from now on. Each new connection has to subscribe again. */
  subscribe(channel: string, onMessage: (text: string) => void): Promise<void>
}

/** A client as the library sees it: a source of connections. */
export interface Source {
  /** The name of the server in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  /** The text that tells its server from others of the same name; default: the name. */
  readonly identity?: string
  /** The number of the database. */
  readonly database: number
  /** Returns the connection of the client itself. */
  line(): Line
  /** Opens a new connection, with the settings of the client and the rules of this library. It connects at once. */
  open(): SubscriberLine
  /** Frees everything that belongs to no line. */
  close?(): void
}
