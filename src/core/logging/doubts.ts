import { consoleLogger, report, type Logger } from './logger.ts'

const MOST_PLACES = 1000

/**
 * Warns of plain numbers that look like milliseconds, because all plain numbers are seconds. It warns once for each
 * place.
 */
export class Doubts {
  readonly #logger: Logger
  readonly #cache: string | undefined
  readonly #places = new Set<string>()

  constructor(logger: Logger = consoleLogger, cache?: string) {
    this.#logger = logger
    this.#cache = cache
  }

  /** Checks a number of seconds. `place` is the method and the option. */
  look(place: string, seconds: number): void {
    if (seconds < 10_000 || seconds % 1000 !== 0) return
    // `setMany` adds the key, which is no place of its own.
    const where = place.replace(/: '.*'/s, '')
    if (this.#places.has(where)) return
    if (this.#places.size < MOST_PLACES) this.#places.add(where)
    report(
      this.#logger,
      'warn',
      { ...(this.#cache !== undefined && { cache: this.#cache }), place: where },
      `${where}: ${seconds} is read as seconds, which is ${spelled(seconds)}. Write '${spelled(seconds)}' if you ` +
        `mean that, or '${spelled(seconds / 1000)}' if you mean milliseconds`,
    )
  }
}

const known = new WeakMap<Logger, Doubts>()

/**
 * Returns the doubts of code that has a logger and no cache, such as a lock. There is one object for each logger, because
 * such code is often made anew for each call.
 */
export function doubtsOf(logger: Logger = consoleLogger): Doubts {
  let doubts = known.get(logger)
  if (doubts === undefined) {
    doubts = new Doubts(logger)
    known.set(logger, doubts)
  }
  return doubts
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const

// Returns seconds in the form of a duration, such as '16h40m'.
function spelled(seconds: number): string {
  let left = seconds
  let text = ''
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length)
    left -= count * length
    if (count > 0) text += `${count}${unit}`
  }
  return text
}
