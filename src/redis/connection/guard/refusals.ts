import { toldElsewhere } from '../../../core/logging/log.ts'
import {
  StoreUnavailableError,
  isCacheError,
  type StoreErrorReason,
  type StoreTimeoutError,
} from '../../../core/errors.ts'

// By the first word of the answer; https://redis.io/docs/latest/develop/reference/protocol-spec
const REASONS: Readonly<Record<string, StoreErrorReason>> = {
  NOPERM: 'denied',
  NOAUTH: 'denied',
  WRONGPASS: 'denied',
  DENIED: 'denied',
  READONLY: 'read-only',
  NOREPLICAS: 'read-only',
  OOM: 'full',
  MISCONF: 'full',
  WRONGTYPE: 'wrong-type',
  LOADING: 'unavailable',
  BUSY: 'unavailable',
  MASTERDOWN: 'unavailable',
  CLUSTERDOWN: 'unavailable',
  TRYAGAIN: 'unavailable',
  QUEUED: 'unavailable',
  MOVED: 'unavailable',
  ASK: 'unavailable',
}

/** The error that stands for the answer to a command within another user's transaction. */
export const QUEUED = 'QUEUED in a transaction that was begun on the same connection'

// Errors of sockets have a code. Errors of servers begin with a word in capitals.
const WORD = /^[A-Z]+(?= |$)/

// Servers quote the arguments of an unknown command.
const ARGUMENTS = /, with args beginning with:.*$/s

/** Replaces the secrets that a text may contain. */
export type Mask = (text: string) => string

/** Makes a mask for the given secrets, and for the password in every URL. */
export function maskOf(secrets: readonly (string | undefined)[]): Mask {
  const known = secrets.flatMap((secret) =>
    secret === undefined || secret === '' ? [] : [secret, encodeURIComponent(secret)],
  )
  const longestFirst = known.toSorted((a, b) => b.length - a.length)
  return (text) => {
    let masked = text.replaceAll(/\/\/\S*@/g, '//***@')
    for (const secret of longestFirst) masked = masked.replaceAll(secret, '***')
    return masked
  }
}

/** Whether the server does not know the script of the command. */
export function isUnknownScript(error: unknown): boolean {
  return textOf(error)?.startsWith('NOSCRIPT') === true
}

/** Whether another node of the cluster has to answer. */
export function isRedirection(error: unknown): boolean {
  return /^(?:MOVED|ASK) /.test(textOf(error) ?? '')
}

/**
 * Returns an error of a client or server as one of ours. It omits the command, which contains keys, values and perhaps
 * a password.
 */
export function normalize(error: unknown, mask: Mask): StoreUnavailableError | StoreTimeoutError {
  if (isCacheError(error) && 'reason' in error) return error as StoreUnavailableError
  const reason = reasonOf(error)
  const made = new StoreUnavailableError(mask(messageOf(error).replace(ARGUMENTS, '')), { reason })
  return TOLD.has(reason) || isLoginRefused(made) ? toldElsewhere(made) : made
}

// The connection reports these to the log.
const TOLD: ReadonlySet<StoreErrorReason> = new Set(['unavailable', 'full', 'read-only'])

/** Whether the server was demoted: its address may lead to another one by now. */
export function isDemotion({ message }: Error): boolean {
  return /^(?:READONLY|MASTERDOWN)\b/.test(message)
}

// The last is the answer to a long command of a client that has not logged in.
const LOGIN = /^(?:NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH|ERR Protocol error: unauthenticated)\b/

/** Whether the server refuses everything, because the login is wrong or missing. */
export function isLoginRefused({ message }: Error): boolean {
  return LOGIN.test(message)
}

/** Whether the server is too old for the scripts of this library. */
export function isOutdatedServer({ message }: Error): boolean {
  return /\bsyntax error|Unknown Redis command/i.test(message)
}

/**
 * Whether the server has answered, even if by an error with or without a code, and therefore lives. Otherwise the
 * connection failed, which is silence. The error alone decides, because a client library may be there in several
 * copies, in another realm, or with renamed classes.
 */
export function isAnswer(error: unknown): boolean {
  const text = textOf(error)
  if (text === undefined || Reflect.get(error as object, 'code') !== undefined) return false
  if (WORD.test(text)) return true
  // Errors of ioredis have names of their own. Its replies have their command, and so do commands that it aborts.
  if (Reflect.get(error as object, 'name') !== 'Error')
    return Reflect.has(error as object, 'command') && !text.startsWith('Command aborted')
  // Errors of node-redis have no names. Only its replies derive from a class of its own.
  return classesOf(error as object) >= CLASSES_OF_REPLY && !/^\w+ timeout during maintenance/.test(text)
}

// SimpleError, ErrorReply, Error, Object.
const CLASSES_OF_REPLY = 4

function classesOf(value: object): number {
  let count = 0
  for (
    let up: unknown = Reflect.getPrototypeOf(value);
    up !== null;
    up = Reflect.getPrototypeOf(up as object)
  )
    count++
  return count
}

/** Whether the server answers that it serves nobody at the moment. */
export function isNotServing({ message }: Error): boolean {
  return /^(?:LOADING|BUSY|MASTERDOWN)\b/.test(message)
}

/** Whether the cluster answers that it serves nobody at the moment, because some slots have no master. */
export function isClusterDown({ message }: Error): boolean {
  return /^CLUSTERDOWN\b/.test(message)
}

/** Whether the keys of the call lie on two servers, because their slot is being moved. */
export function isMoving({ message }: Error): boolean {
  return /^TRYAGAIN\b/.test(message)
}

function reasonOf(error: unknown): StoreErrorReason {
  if (!isAnswer(error)) return 'unavailable'
  const text = textOf(error)!
  if (text.startsWith('ERR value is not')) return 'wrong-type'
  if (LOGIN.test(text)) return 'denied'
  return REASONS[WORD.exec(text)?.[0] ?? ''] ?? 'protocol'
}

// Does not use the class, because in tests and other sandboxes errors of Node.js come from another realm.
function textOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const text: unknown = Reflect.get(error, 'message')
  return typeof text === 'string' ? text : undefined
}

// Connection errors of several addresses have no message of their own, only one for each address. The error of an
// unreachable cluster has its reason beside its message.
function messageOf(error: unknown): string {
  const text = textOf(error)
  if (text === undefined) return String(error)
  const holder = error as object
  const errors: unknown = Reflect.get(holder, 'errors')
  const inner = [Reflect.get(holder, 'lastNodeError'), Array.isArray(errors) ? errors[0] : undefined]
  const reason = inner.map(textOf).find((one) => one !== undefined && one !== '')
  if (text !== '') return reason === undefined ? text : `${text} ${reason}`
  if (reason !== undefined) return reason
  const code: unknown = Reflect.get(holder, 'code')
  return typeof code === 'string' ? code : String(Reflect.get(holder, 'name'))
}
