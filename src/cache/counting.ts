import type { Duration } from '../options/durations.ts'
import type { CounterOptions } from '../options/entry-options.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { CounterBounds } from '../core/store.ts'
import type { Writer } from './writer.ts'

const COUNTER_OPTIONS = ['ttl', 'tags', 'min', 'max']

/** A step of a counter, by a caller's key. */
export interface Step {
  readonly operation: 'increment' | 'decrement'
  readonly key: string
  readonly by: number
  readonly sign: 1 | -1
}

/** Returns the number after a step; `undefined` = unavailable, or not a safe integer. @throws OptionsError, KeyError */
export async function addTo(
  writer: Writer,
  { operation, key, by, sign }: Step,
  ttlOrOptions: Duration | CounterOptions | undefined,
): Promise<number | undefined> {
  const { scope } = writer
  const full = scope.key(key)
  const { ttlMs, tags } = scope.writeSettings(ttlOrOptions, operation, COUNTER_OPTIONS)
  const bounds = boundsOf(ttlOrOptions, operation)
  checkInteger(by, `${operation}: by`)
  if (!(ttlMs > 0)) throw new OptionsError(`${operation}: the time at which the counter ends has passed`)
  // A counter is never -0, because other readers of the store do not take that for an integer.
  const change = sign * by || 0
  const op = { kind: 'increment', key: full, by: change, ...bounds, ttlMs, tags } as const
  const result = await writer.one(operation, op)
  if (result === undefined || result.ok || result.unavailable) return result?.number
  const message = 'the stored value is no safe integer, or would become none'
  scope.runtime.trouble.misfit(operation, full, message, scope.family.counters)
  return undefined
}

function boundsOf(options: Duration | CounterOptions | undefined, operation: string): CounterBounds {
  const { min, max } = (typeof options === 'object' ? options : {}) as CounterOptions
  for (const [name, bound] of Object.entries({ min, max }))
    if (bound !== undefined) checkInteger(bound, `${operation}: ${name}`)
  if (min !== undefined && max !== undefined && min > max)
    throw new OptionsError(`${operation}: min: ${min} is above max: ${max}`)
  return { min, max }
}

function checkInteger(value: unknown, option: string): void {
  if (Number.isSafeInteger(value)) return
  throw new OptionsError(`${option}: ${inspect(value)} is not a safe integer`)
}
