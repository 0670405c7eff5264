import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const usage = `usage: npm start -- [options]

  --once            end after the table instead of serving on
  --duration <s>    seconds that the loads take together (default 20, at least 2)
  --seed <n>        repeat the sequence of requests of an earlier run
  --port <n>        port of the guide (default: a free one)
  --results <file>  where to write the figures as JSON (default demo/results.json)
  --no-redis        stay in one process, though there may be a Redis
  --record <file>   record the accesses of the cache, for simulate (docs/analysis.md)
  --help            show this`

export interface Options {
  readonly once: boolean
  readonly help: boolean
  /** Whether to use a Redis if there is one. */
  readonly redis: boolean
  readonly durationMs: number
  readonly seed: number
  readonly port: number
  readonly resultsFile: string
  /** The file that the accesses of the cache are recorded in. */
  readonly record?: string
}

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function readOptions(args: readonly string[]): Options {
  const { once, help, duration, seed, port, results, record, 'no-redis': noRedis } = parse(args)
  return {
    once: once ?? false,
    help: help ?? false,
    redis: !(noRedis ?? false),
    durationMs: 1000 * number('duration', duration, { min: 2, max: 3600, fallback: 20 }),
    seed: integer('seed', seed, { min: 0, max: 2 ** 32 - 1, fallback: randomInt(2 ** 32) }),
    port: integer('port', port, { min: 0, max: 65_535, fallback: 0 }),
    resultsFile: results ?? fileURLToPath(new URL('results.json', import.meta.url)),
    ...(record !== undefined && { record }),
  }
}

function parse(args: readonly string[]): ReturnType<typeof parseKnown>['values'] {
  try {
    return parseKnown(args).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function parseKnown(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean' },
      help: { type: 'boolean' },
      'no-redis': { type: 'boolean' },
      duration: { type: 'string' },
      seed: { type: 'string' },
      port: { type: 'string' },
      results: { type: 'string' },
      record: { type: 'string' },
    },
  })
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly fallback: number
}

function number(name: string, text: string | undefined, { min, max, fallback }: Bounds): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (text.trim() === '' || !(value >= min && value <= max)) {
    throw new UsageError(`--${name} must be a number from ${min} to ${max}, not "${text}"`)
  }
  return value
}

function integer(name: string, text: string | undefined, bounds: Bounds): number {
  const value = number(name, text, bounds)
  if (!Number.isInteger(value)) throw new UsageError(`--${name} must be a whole number, not "${text}"`)
  return value
}
