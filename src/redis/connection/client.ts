import type { NodeStates } from './guard/node-states.ts'

/** A part of a command. Text is sent as UTF-8. */
export type Arg = string | Uint8Array

/** A Lua script that a server runs as one step. */
export interface Script {
  readonly name: string
  readonly source: string
  /** The SHA-1 of the source, in hexadecimal digits. */
  readonly sha: string
}

/** A command, or a script with its keys. */
export type Command =
  | { readonly args: readonly Arg[] }
  | { readonly script: Script; readonly keys: readonly string[]; readonly args: readonly Arg[] }

/** Returns arguments in the form of the client libraries. Bytes become a Buffer over the same memory. */
export function withBuffers(args: readonly Arg[]): readonly (string | Buffer)[] {
  for (const arg of args) if (typeof arg !== 'string' && !Buffer.isBuffer(arg)) return args.map(withBuffer)
  return args as readonly (string | Buffer)[]
}

function withBuffer(arg: Arg): string | Buffer {
  if (typeof arg === 'string' || Buffer.isBuffer(arg)) return arg
  return Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength)
}

/** Returns the arguments of a command. With the source of its script, it runs even if the server does not know that. */
export function toArgs(command: Command, withSource: boolean): readonly Arg[] {
  if (!('script' in command)) return command.args
  const { script, keys, args } = command
  const name = withSource ? 'EVAL' : 'EVALSHA'
  return [name, withSource ? script.source : script.sha, String(keys.length), ...keys, ...args]
}

/** Returns the name of a command or of its script. */
export function nameOf(command: Command): string {
  return 'script' in command ? command.script.name : String(command.args[0])
}

/** The form of strings in a reply, statuses such as `OK` included. */
export type ReplyForm = 'text' | 'bytes'

/**
 * The answer of a server: text or bytes, a whole number, a list, or `null`. In a row of commands the error of one
 * command is its reply.
 */
export type Reply = string | Uint8Array | number | null | Error | readonly Reply[]

/**
 * A connection to one server, or to one master of a cluster. Each call settles within the hard deadline, or rejects
 * with a StoreUnavailableError (not connected, breaker open: at once) or a StoreTimeoutError. A refused command rejects
 * with the error that gives the reason.
 */
export interface Connection {
  /** The identity of the server: the same object for all connections to one server. */
  readonly server: object
  /** The name of the server in messages, such as `127.0.0.1:6379`, if it has one. */
  readonly node?: string | undefined
  /** Runs one command, within less than the hard deadline if the call has only `withinMs` left. */
  run(command: Command, form: ReplyForm, withinMs?: number): Promise<Reply>
  /**
   * Runs commands in order and in one write. The error of a command is its reply, and the others still run. A script
   * that the server does not know runs after the others, because it is sent again.
   */
  runAll(commands: readonly Command[], form: ReplyForm, withinMs?: number): Promise<readonly Reply[]>
}

/** Called when a channel brings no messages, with the error of a server that refuses the subscription. */
export type OnLost = (refusal?: unknown) => void

/** The client that the Redis engine works with, regardless of its library. */
export interface RedisClient {
  /** Whether keys are spread over slots. All keys of a call then have the slot of its `route`. */
  readonly isCluster: boolean
  /**
   * Whether commands run in the order in which they are sent: over one connection, to a server that redirects nothing.
   */
  readonly isOrdered: boolean
  /** Whether one endpoint serves all keys: a server, or a service that finds the slots itself. */
  readonly isOneEndpoint: boolean
  /** The number of the database. It matters because all databases of a server share their channels. */
  readonly database: number
  /** Returns the connection to the master of a key. For a single server it is always the same. */
  connectionFor(route: string): Connection
  /** Whether the same server answers for both names, as far as is known. */
  sharesServer(route: string, other: string): boolean
  /** Returns the masters, for work that concerns each of them, such as scans. */
  masters(): Promise<readonly Connection[]>
  /**
   * Receives the messages of a channel. `onReady` is called whenever messages should arrive from now on, `onLost`
   * whenever none do, with the refusal of the server if there is one.
   */
  subscribe(
    channel: string,
    onMessage: (text: string) => void,
    onReady: () => void,
    onLost?: OnLost,
  ): () => void
  /**
   * Calls `listener` whenever commands go over another connection from now on, and earlier commands get no answer any
   * more. A first connection counts if there was none at the beginning. A proxy between client and server may still
   * deliver earlier commands.
   */
  onReconnect(listener: () => void): () => void
  /** The name of the server in messages, such as `127.0.0.1:6379`, without a password. */
  readonly place?: string | undefined
  /** The known states of the servers. */
  readonly nodes?: NodeStates | undefined
  /** Adds a count of the invalidations that wait for a server, for the log line that says that the server is back. */
  addQueue?(count: () => number): () => void
  /** Frees what this client has made, but never a client of the user. */
  close(): Promise<void>
}
