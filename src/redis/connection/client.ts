/** A part of a command: text is sent as UTF-8. */
export type Arg = string | Uint8Array

/** A Lua script that a server runs as one step. */
export interface Script {
  readonly name: string
  readonly source: string
  /** SHA-1 of the source, in hexadecimal digits. */
  readonly sha: string
}

/** A command, or a script with its keys. */
export type Command =
  | { readonly args: readonly Arg[] }
  | { readonly script: Script; readonly keys: readonly string[]; readonly args: readonly Arg[] }

/** How strings are answered, statuses such as `OK` included. */
export type ReplyForm = 'text' | 'bytes'

/** What a server answers: text or bytes, a whole number, a list, `null`; an error of one command in a row of several. */
export type Reply = string | Uint8Array | number | null | Error | readonly Reply[]

/**
 * A connection to one server, or to one master of a cluster. Each call settles within the hard deadline, or rejects
 * with a StoreUnavailableError (not connected, breaker open: at once) or a StoreTimeoutError; a command that was
 * refused rejects with the error that says why.
 */
export interface Connection {
  /** Identifies the server behind it: the same object for all connections to one server. */
  readonly server: object
  /** Runs one command, within less than the hard deadline if its call has only `withinMs` left. */
  run(command: Command, form: ReplyForm, withinMs?: number): Promise<Reply>
  /**
   * Runs commands in order and in one write; an error of one of them is its reply, and the others run all the same. A
   * script that the server does not know runs behind the others: it has to be sent again.
   */
  runAll(commands: readonly Command[], form: ReplyForm, withinMs?: number): Promise<readonly Reply[]>
}

/** What the Redis engine asks of a client, whichever it is. */
export interface RedisClient {
  /** Whether keys are spread over slots: then all keys of a call have the slot of its `route`. */
  readonly isCluster: boolean
  /** Whether what is sent is executed in its order: over one connection, to a server that redirects nothing. */
  readonly isOrdered: boolean
  /** Whether there is one endpoint for all keys: of a server, or of a service that finds the slots itself. */
  readonly isOneEndpoint: boolean
  /** The number of the database: channels are common to all of a server. */
  readonly database: number
  /** The connection to the master that has a key; for a single server always the same. */
  connectionFor(route: string): Connection
  /** Whether the same server answers for both, as far as is known. */
  sharesServer(route: string, other: string): boolean
  /** The masters, for what concerns each of them, as scans do. */
  masters(): Promise<readonly Connection[]>
  /** Receives what is published on a channel. `onReady` is called whenever messages from now on should arrive. */
  subscribe(channel: string, onMessage: (text: string) => void, onReady: () => void): () => void
  /**
   * `listener` is called whenever what is sent from now on goes over another connection than what was sent before, to
   * which nothing will be answered any more; the first connection counts if there was none at the beginning. Something
   * between client and server may still deliver what was sent before.
   */
  onReconnect(listener: () => void): () => void
  /** `count` tells how many invalidations wait for a server, for the line in the log that says that it is back. */
  addQueue?(count: () => number): () => void
  /** Frees what this made: never a client that was given. */
  close(): Promise<void>
}
