import { report, type Logger } from '../../../core/logging/logger.ts'

/** The log, and the name of the cache in it. */
export interface Said {
  readonly logger: Logger
  /** The name of the cache in the log. */
  readonly cache: string
}

// The messages by which servers, their access rules and proxies refuse a command.
const REFUSAL =
  /^NOPERM|unknown (?:redis )?command|unsupported command|command (?:is )?(?:not (?:allowed|supported|permitted)|disabled)|not (?:supported|allowed|permitted) (?:command|by)/i
const ONE_ENDPOINT =
  "this is one endpoint before the slots of a cluster, so nothing can be stored: give layout: 'one-slot', or connect " +
  'to the cluster itself by redis+cluster://'
const NODE_OF_CLUSTER =
  'this is a node of a cluster, and other nodes have most keys: connect by redis+cluster://, or with a cluster client'

const IN_TRANSACTION =
  'MULTI was sent over the client that the cache uses, so commands of the cache become part of a transaction and get no ' +
  'answer: give the cache a client of its own, or use multi() of the client'

/** The features that do not work without a command. */
const WITHOUT: Readonly<Record<string, string>> = {
  CLIENT: 'a server that is replaced during deleteByPrefix() may go unnoticed',
  EVAL: 'nothing can be stored',
  EVALSHA: 'nothing can be stored',
  PUBLISH: 'invalidations arrive with the heartbeat alone',
  SCAN: 'keys(), deleteByPrefix() and clear() of what has no generations do not work',
}

/** Commands that ask only for useful extra information. */
const DISPENSABLE: ReadonlySet<string> = new Set(['INFO', 'CONFIG'])

/** Logs once for each command that the server refuses it, and which feature does not work without it. */
export class RefusedCommands {
  readonly #where: Said
  readonly #told = new Set<string>()

  constructor(where: Said) {
    this.#where = where
  }

  /**
   * Looks at the error that a server has answered to a command. `isSpread`: whether the client knows the nodes of a
   * cluster.
   */
  note(node: string, name: string, error: Error, isSpread: boolean): void {
    const { message } = error
    if (/\bCROSSSLOT\b/.test(message)) return this.#say(node, 'CROSSSLOT', 'error', ONE_ENDPOINT, error)
    if (message.startsWith('QUEUED ')) return this.#say(node, 'QUEUED', 'error', IN_TRANSACTION, error)
    if (!isSpread && message.startsWith('MOVED '))
      return this.#say(node, 'MOVED', 'error', NODE_OF_CLUSTER, error)
    if (!REFUSAL.test(message)) return
    // A script has a name of its own.
    const command = /^[A-Z]+$/.test(name) ? name : 'EVALSHA'
    if (DISPENSABLE.has(command)) return
    const without = WITHOUT[command] ?? 'what needs it does not work'
    this.#say(node, command, 'warn', `Redis refuses the command ${command}; ${without}`, error)
  }

  #say(node: string, what: string, level: 'warn' | 'error', message: string, error: Error): void {
    if (this.#told.has(what)) return
    this.#told.add(what)
    const { logger, cache } = this.#where
    report(logger, level, { cache, node, err: error }, message)
  }
}
