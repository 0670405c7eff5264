import type { Logger } from '../../../core/logging/logger.ts'
import { Condition, Log, type ConditionTexts } from '../../../core/logging/log.ts'
import type { StoreTimeoutError, StoreUnavailableError } from '../../../core/errors.ts'
import { isLoginRefused, isNotServing } from './refusals.ts'
import { isTlsDoubt } from '../../libraries/line.ts'
import type { Surroundings } from '../../libraries/surroundings.ts'

/** The reason for the missing connection. */
export type Loss = StoreUnavailableError | StoreTimeoutError

/** A connection that reports to the log. */
export interface Reporter {
  readonly surroundings: Surroundings
}

/** The log of a connection's reports. */
export interface ConnectionLog {
  /** The name of the server in messages, such as `127.0.0.1:6379`. */
  readonly node: string
  /** A call has failed because the connection was lost, or an attempt to connect has failed. */
  lost(connection: Reporter, reason: Loss): void
  /** The connection is there, and the server answers. */
  up(connection: Reporter): void
  /** The connection is there, or was until now, and the server does not answer. */
  silent(connection: Reporter): void
  /** The connection is no longer needed. */
  left(connection: Reporter): void
}

const LOST: ConditionTexts = {
  level: 'warn',
  began: 'Redis is not connected; it is tried again until it is',
  ended: 'Redis is connected again',
}
const MISMATCHED: ConditionTexts = {
  level: 'error',
  began:
    'Redis can not be spoken to; check whether its URL has to begin with redis:// or, if the server speaks TLS, with ' +
    'rediss://',
  ended: 'Redis is connected',
}
const UNTRUSTED: ConditionTexts = {
  level: 'error',
  began:
    'the certificate of Redis, or ours, is not accepted; check the option `tls`: { ca } trusts an authority, ' +
    '{ servername } names the server',
  ended: 'Redis is connected',
}
const SILENT: ConditionTexts = {
  level: 'warn',
  began: 'Redis does not answer; it is not asked until it does',
  ended: 'Redis answers again',
}
const DENIED: ConditionTexts = {
  level: 'error',
  began: 'Redis refuses the login; check user name and password of the URL, or the option `credentials`',
  ended: 'Redis accepts the login',
}
const REFUSES: Readonly<Record<string, ConditionTexts>> = {
  full: {
    level: 'warn',
    began: 'Redis has no memory left and refuses to write; raise maxmemory, or set an eviction policy',
    ended: 'Redis writes again',
  },
  'read-only': {
    level: 'warn',
    began: 'Redis is read-only here; its address is resolved and connected to again',
    ended: 'Redis writes again',
  },
}
// Refusals whose cause is another one than that of the others with the same reason.
const REFUSES_FOR: Readonly<Record<string, ConditionTexts>> = {
  MISCONF: {
    level: 'warn',
    began:
      'Redis can not save its data to the disk and refuses to write; look at its log, its disk and its memory',
    ended: 'Redis writes again',
  },
  NOREPLICAS: {
    level: 'warn',
    began: 'Redis refuses to write, because fewer replicas follow it than min-replicas-to-write asks for',
    ended: 'Redis writes again',
  },
}
/** The maximum number of caches that a log line names. */
const MOST_NAMES = 8
const NOT_SERVING: ConditionTexts = {
  level: 'warn',
  began: 'Redis answers that it does not serve for now',
  ended: 'Redis serves again',
}
const MOVING =
  'a slot of the cluster is being moved, and changes of its keys fail until that has ended; if nobody moves it any more, ' +
  'redis-cli --cluster fix ends it'
const OLD = 'Redis is too old: Redis 7.0 or Valkey 7.2 is needed, or later'

function textsOf(reason: Loss): ConditionTexts | undefined {
  if (isLoginRefused(reason)) return DENIED
  if (isNotServing(reason)) return NOT_SERVING
  const [word = ''] = reason.message.split(' ', 1)
  return REFUSES_FOR[word] ?? REFUSES[reason.reason]
}

/**
 * The known state of a server, for the log. Each transition is logged once, not once per connection, cache or limiter.
 * All users with the same logger share this object.
 */
export class ServerLog implements ConnectionLog {
  readonly node: string
  readonly #log: Log
  // The state of each connection.
  readonly #states = new Map<Reporter, 'up' | 'away' | 'denied'>()
  readonly #away: Condition
  readonly #denied: Condition
  readonly #refuses: Condition
  /** Whether a command was refused for lack of memory or a similar reason. Only this log changes it. */
  isRefusing = false
  // The refused commands and scripts. The refusal is over when one of them succeeds.
  readonly #refused = new Set<string>()
  readonly #onUnused: () => void
  #wellSinceMs: number | undefined = undefined
  #isProbed = false
  #wasUp = false
  #isLoginRefused = false
  #names = ''

  private constructor(node: string, { logger, clock }: Surroundings, onUnused: () => void) {
    this.node = node
    this.#onUnused = onUnused
    this.#log = new Log(logger, clock, () => ({ cache: this.#caches(), node }))
    this.#away = new Condition(this.#log)
    this.#denied = new Condition(this.#log)
    this.#refuses = new Condition(this.#log)
  }

  /** Returns the log of a server, one for all users with the same logger. `identity` tells it from others of that name. */
  static of(node: string, surroundings: Surroundings, identity: string = node): ServerLog {
    const { logger } = surroundings
    const ofLogger = logs.get(logger) ?? new Map<string, ServerLog>()
    logs.set(logger, ofLogger)
    let log = ofLogger.get(identity)
    if (log === undefined) {
      log = new ServerLog(node, surroundings, () => ofLogger.delete(identity))
      ofLogger.set(identity, log)
    }
    return log
  }

  /** The time on the clock since when the server is well; `undefined` while it is not. */
  get wellSinceMs(): number | undefined {
    return this.#wellSinceMs
  }

  /** Whether the server is lost or silent. */
  get isAway(): boolean {
    return this.#away.holds
  }

  lost(connection: Reporter, reason: Loss): void {
    this.#wellSinceMs = undefined
    // A server that refuses logins may close a connection before it says so.
    const isDenied = reason.reason === 'denied' || (this.#denied.holds && isTlsDoubt(reason))
    connection.surroundings.nodes.set(this.node, connection, isDenied ? 'denied' : 'lost', reason)
    if (!isDenied) {
      this.#states.set(connection, 'away')
      // A server closes connections without a login, which is told already.
      if (this.#isLoginRefused) return
      return this.#away.begin(this.#lossTexts(reason), { err: reason })
    }
    this.#states.set(connection, 'denied')
    this.#denied.begin(DENIED, { err: reason })
    // The server answers, even if only to refuse.
    if (this.#has('up')) this.#endAway()
    else if (!this.#has('away')) this.#away.drop()
  }

  silent(connection: Reporter): void {
    this.#wellSinceMs = undefined
    connection.surroundings.nodes.set(this.node, connection, 'silent')
    this.#states.set(connection, 'away')
    this.#away.begin(SILENT, {})
  }

  up(connection: Reporter): void {
    this.#wasUp = true
    this.#states.set(connection, 'up')
    connection.surroundings.nodes.set(this.node, connection, 'connected')
    this.#endAway()
    if (!this.#has('denied')) this.#denied.end()
    if (!this.#has('away') && !this.#has('denied')) this.#wellSinceMs ??= this.#log.clock.now()
  }

  left(connection: Reporter): void {
    connection.surroundings.nodes.delete(this.node, connection)
    this.#states.delete(connection)
    if (this.#has('up')) this.#endAway()
    this.#endUse()
  }

  /** Counts a call that failed because of the present condition of the server. */
  failed(): void {
    if (this.#denied.holds && !this.#away.holds) this.#denied.failed()
    else this.#away.failed()
  }

  /** The server refuses a command or script, and probably others of that kind. */
  refused(name: string, reason: Loss): void {
    this.#isLoginRefused ||= isLoginRefused(reason)
    const texts = textsOf(reason)
    if (texts === undefined) return
    this.#refused.add(name)
    this.isRefusing = true
    const state = isLoginRefused(reason) ? 'denied' : 'refusing'
    for (const { nodes } of this.#users()) nodes.refuse(this.node, state, reason)
    this.#refuses.begin(texts, { operation: name, err: reason })
    this.#refuses.failed()
  }

  /** The server has done it. */
  did(name: string): void {
    if (!this.#refused.has(name)) return
    // Clears all, because some are not sent again for a long time.
    this.#refused.clear()
    this.isRefusing = false
    this.#isLoginRefused = false
    for (const { nodes } of this.#users()) nodes.refuse(this.node, undefined)
    this.#refuses.end()
  }

  /** Another server has taken over, and this one is no longer looked for. */
  replaced(): void {
    if (!this.#away.holds) return
    this.#away.drop()
    this.#log.write('info', {}, 'another server of the cluster has taken over')
    this.#endUse()
  }

  /** Whether the version of the server has yet to be checked. Only the first call returns `true`. */
  isToBeProbed(): boolean {
    const isFirst = !this.#isProbed
    this.#isProbed = true
    return isFirst
  }

  /** All servers of the cluster answer, but some slots have no master. */
  isIncomplete(reason: Loss): void {
    this.#log.notice('warn', { err: reason }, 'the cluster is down: some of its slots have no master')
  }

  /** A slot of the cluster has been on the move for long, perhaps because somebody has given up moving it. */
  isMoving(reason: Loss): void {
    this.#log.notice('warn', { err: reason }, MOVING)
  }

  /** The server lacks features that this library needs. */
  isTooOld(reason: Loss): void {
    this.#log.notice('error', { err: reason }, OLD)
  }

  // A server that once was connected has the right URL.
  #lossTexts(reason: Loss): ConditionTexts {
    if (/certificate/i.test(reason.message)) return UNTRUSTED
    return !this.#wasUp && isTlsDoubt(reason) ? MISMATCHED : LOST
  }

  #endUse(): void {
    if (this.#states.size === 0 && !this.#away.holds) this.#onUnused()
  }

  #endAway(): void {
    if (this.#has('away')) return
    let repeatedInvalidations = 0
    for (const { queues } of this.#users()) for (const count of queues) repeatedInvalidations += count()
    this.#away.end({ repeatedInvalidations })
  }

  #users(): ReadonlySet<Surroundings> {
    return new Set(Array.from(this.#states.keys(), ({ surroundings }) => surroundings))
  }

  // If no cache is left, the names are those of the caches that left last.
  #caches(): string {
    const names = new Set(Array.from(this.#users(), ({ cache }) => cache))
    if (names.size > 0) this.#names = [...names].slice(0, MOST_NAMES).join(', ')
    return this.#names
  }

  #has(state: 'up' | 'away' | 'denied'): boolean {
    for (const one of this.#states.values()) if (one === state) return true
    return false
  }
}

const logs = new WeakMap<Logger, Map<string, ServerLog>>()
