import type { Logger } from '../core/logging/logger.ts'
import { messageOf } from '../core/logging/thrown.ts'
import { checkMethods } from '../options/checks.ts'
import { isError } from '../internal/objects.ts'

/** A logger of `winston`, 3. */
export interface WinstonLike {
  /** Writes an entry. */
  log(entry: { level: string; message: string }): unknown
  /** The levels by name. Those of syslog say `warning`. */
  readonly levels?: object | undefined
}

/**
 * Returns a logger that writes to one of `winston`. The details are fields of the entry. An error in `err` is a plain
 * object there, because the JSON of an error is empty.
 * @throws OptionsError for anything else.
 */
export function winstonLogger(winston: WinstonLike): Logger {
  checkMethods(winston, ['log'], 'winstonLogger')
  const write = (name: string) => (details: object, message: string) => {
    const level = name === 'warn' && winston.levels && !('warn' in winston.levels) ? 'warning' : name
    winston.log({ ...plain(details), level, message })
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

function plain(details: object): object {
  const { err, ...rest } = details as { readonly err?: unknown }
  if (err === undefined) return rest
  if (!isError(err)) return { ...rest, err }
  const { name, stack } = err
  const code: unknown = Reflect.get(err, 'code')
  return { ...rest, err: { name, message: messageOf(err), stack, ...(code !== undefined && { code }) } }
}
