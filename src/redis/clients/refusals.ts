import { toldElsewhere } from '../../core/log.ts'
import {
  StoreUnavailableError,
  isCacheError,
  type StoreErrorReason,
  type StoreTimeoutError,
} from '../../core/errors.ts'

// By the first word of what the server answers; https://redis.io/docs/latest/develop/reference/protocol-spec
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
  MOVED: 'unavailable',
  ASK: 'unavailable',
}

// The errors of sockets have a code; what a server answers begins with a word in capitals.
const WORD = /^[A-Z]+(?= |$)/

/** Replaces the secrets that a text may contain. */
export type Mask = (text: string) => string

/** Makes a mask for the secrets given, and for the password in every URL. */
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

/** Whether the server does not know the script that it was named. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

/** Whether another node of the cluster has to be asked. */
export function isRedirection(error: unknown): boolean {
  return error instanceof Error && /^(?:MOVED|ASK) /.test(error.message)
}

/**
 * An error of a client or a server, as one of ours: without the command that it was for, since that has keys, values
 * and perhaps a password in it.
 */
export function normalize(error: unknown, mask: Mask): StoreUnavailableError | StoreTimeoutError {
  if (isCacheError(error) && 'reason' in error) return error as StoreUnavailableError
  const reason = reasonOf(error)
  const made = new StoreUnavailableError(mask(messageOf(error)), { reason })
  return TOLD.has(reason) ? toldElsewhere(made) : made
}

// The log hears of these from the connection.
const TOLD: ReadonlySet<StoreErrorReason> = new Set(['unavailable', 'full', 'read-only'])

/** Whether the server was demoted: its address may lead to another one by now. */
export function isDemotion({ message }: Error): boolean {
  return /^(?:READONLY|MASTERDOWN)\b/.test(message)
}

/** Whether the server does not know what scripts of this library ask of it. */
export function isOutdatedServer({ message }: Error): boolean {
  return /\bsyntax error|Unknown Redis command/i.test(message)
}

/** Whether the server has answered, if only by an error: else the connection failed. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === undefined && WORD.test(error.message)
}

/** Whether the server answers that it does not serve anybody at the moment. */
export function isNotServing({ message }: Error): boolean {
  return /^(?:LOADING|BUSY|MASTERDOWN)\b/.test(message)
}

/** Whether the cluster answers that it does not serve anybody at the moment: some slots have no master. */
export function isClusterDown({ message }: Error): boolean {
  return /^CLUSTERDOWN\b/.test(message)
}

function reasonOf(error: unknown): StoreErrorReason {
  if (!isAnswer(error)) return 'unavailable'
  const { message } = error as Error
  if (message.startsWith('ERR value is not')) return 'wrong-type'
  if (message.startsWith('ERR invalid password') || message.startsWith('ERR AUTH')) return 'denied'
  return REASONS[WORD.exec(message)![0]] ?? 'protocol'
}

// Connection errors of several addresses have no message of their own, only those of each address.
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  const inner: unknown = Reflect.get(error, 'errors')
  const first: unknown = Array.isArray(inner) ? inner[0] : undefined
  if (first instanceof Error && first.message !== '') return first.message
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? code : error.name
}
