import { isError } from '../../internal/objects.ts'
import { wordsOf } from './thrown.ts'

/**
 * The target of reports about transitions of a cache's health. The details come first, then the message, as in pino and
 * Fastify. `console` does not fit; `consoleLogger` does.
 */
export interface Logger {
  /** Writes about single decisions, such as a refused fill. Without the method they are left out. */
  debug?(details: object, message: string): void
  /** Writes good news, such as the return of a server. Without the method it is left out. */
  info?(details: object, message: string): void
  /** Writes about trouble that the cache can live with. */
  warn(details: object, message: string): void
  /** Writes about trouble that needs a person's attention. */
  error(details: object, message: string): void
}

/** Writes a line. A user's logger that throws or rejects must not turn trouble into a crash. */
export function report(
  logger: Logger,
  level: 'debug' | 'info' | 'warn' | 'error',
  details: object,
  message: string,
): void {
  const write = (written: object): void => {
    const answer: unknown = logger[level]?.(written, message)
    if (isThenable(answer)) void Promise.resolve(answer).catch(() => undefined)
  }
  try {
    write(details)
  } catch {
    try {
      // Some loggers can't write every error. The one of pino fails for a frozen one.
      if ('err' in details) write({ ...details, err: wordsOf(details.err) })
    } catch {
      // There is no other place to report this.
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}

/** Writes one line each to the console, without level debug. It is the default. */
export const consoleLogger: Logger = {
  info(details, message) {
    globalThis.console.info(line(details, message))
  },
  warn(details, message) {
    globalThis.console.warn(line(details, message))
  },
  error(details, message) {
    globalThis.console.error(line(details, message))
  },
}

/** Reports nothing. */
export const silentLogger: Logger = { warn() {}, error() {} }

function line(details: object, message: string): string {
  return `cachette: ${textOf(details, message)}`
}

/** Returns a message and its details as one line of text. */
export function textOf(details: object, message: string): string {
  const parts = Object.entries(details).map(([name, value]) => `${name}=${describe(value)}`)
  return [message, ...parts].join(' ')
}

function describe(value: unknown): string {
  try {
    if (!isError(value)) return JSON.stringify(value) ?? String(value)
  } catch {
    // The value has a cycle or a bigint, or throws when it is read.
  }
  return JSON.stringify(wordsOf(value))
}
