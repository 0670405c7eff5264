import { systemClock } from '../time/system.ts'
import { Log } from './log.ts'
import { consoleLogger, type Logger } from './logger.ts'

/** The options of a cache that its start line needs. */
export interface Starting {
  readonly name?: string | undefined
  readonly logger?: Logger | undefined
}

/** The message of the start line of a cache on a server. */
export const ON_SERVER = 'the cache is on a server'

// The options of caches whose line was written by the code that makes them.
const told = new WeakSet<object>()

/** Writes the line that tells at the start where a cache is, once for the options of a cache. */
export function tellStart(options: Starting, details: object, message: string): void {
  const { name = 'cache', logger = consoleLogger } = options
  if (told.has(options)) return
  told.add(options)
  new Log(logger, systemClock, () => ({ cache: name })).write('info', details, message)
}

/** Notes that the line about a cache with these options is written already. Returns the options. */
export function toldStart<T extends object>(options: T): T {
  told.add(options)
  return options
}
