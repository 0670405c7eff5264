import { wordsOf } from './thrown.ts'

/**
 * Where a cache reports transitions of its health: details first, then the message, as pino and Fastify have it.
 * `console` is not one; `consoleLogger` is.
 */
export interface Logger {
  /** Single decisions, such as a refused fill; left out when absent. */
  debug?(details: object, message: string): void
  /** Good news, such as a server that is back; left out when absent. */
  info?(details: object, message: string): void
  /** Trouble that the cache lives with. */
  warn(details: object, message: string): void
  /** Trouble that somebody has to look at. */
  error(details: object, message: string): void
}

/** Writes a line. A logger of the user's that throws, or rejects, must not turn trouble into a crash. */
export function report(
  logger: Logger,
  level: 'debug' | 'info' | 'warn' | 'error',
  details: object,
  message: string,
): void {
  try {
    const written: unknown = logger[level]?.(details, message)
    if (isThenable(written)) void Promise.resolve(written).catch(() => undefined)
  } catch {
    // Nowhere is left to say it.
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}

/** Writes to the console, one line each; nothing of level debug. The default. */
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
  const parts = Object.entries(details).map(([name, value]) => `${name}=${describe(value)}`)
  return ['cachette:', message, ...parts].join(' ')
}

function describe(value: unknown): string {
  try {
    if (!(value instanceof Error)) return JSON.stringify(value) ?? String(value)
  } catch {
    // A circle, a bigint, or a value that can't be looked at.
  }
  return JSON.stringify(wordsOf(value))
}
