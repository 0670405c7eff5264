import { textOf, type Logger } from '../core/logging/logger.ts'
import { checkMethods } from '../options/checks.ts'
import { isError } from '../internal/objects.ts'

/** A `LoggerService` of Nest, such as `new Logger('cache')`. */
export interface NestLike {
  /** Writes an entry of level info. */
  log(message: string, ...rest: string[]): unknown
  /** Writes an entry of level warn. */
  warn(message: string, ...rest: string[]): unknown
  /** Writes an entry of level error. */
  error(message: string, ...rest: string[]): unknown
  /** Writes an entry of level debug. */
  debug?(message: string, ...rest: string[]): unknown
}

/**
 * Returns a logger that writes to one of Nest. An entry is one line of text, because Nest spreads objects over several. The
 * stack of an error is handed over by itself.
 * @throws OptionsError for anything else.
 */
export function nestLogger(nest: NestLike): Logger {
  checkMethods(nest, ['log', 'warn', 'error'], 'nestLogger')
  return {
    debug: (details, message) => void nest.debug?.(textOf(details, message)),
    info: (details, message) => void nest.log(textOf(details, message)),
    warn: (details, message) => void nest.warn(textOf(details, message)),
    error: (details, message) => void nest.error(textOf(details, message), ...stackOf(details)),
  }
}

function stackOf(details: object): string[] {
  const err: unknown = Reflect.get(details, 'err')
  return isError(err) && typeof err.stack === 'string' ? [err.stack] : []
}
