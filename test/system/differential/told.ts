// Answers as texts that can be compared.
import { inspect } from 'node:util'
import { isCacheError } from 'cachette'

/** A value with its types and its contents. */
export function told(value: unknown): string {
  return inspect(value, { depth: 8, breakLength: Infinity, compact: true, maxArrayLength: 300 })
}

/** An error that a call has thrown. */
export function toldError(error: unknown): string {
  if (isCacheError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : told(error)
}

// Far enough from each other that no time that passes, and no jitter, makes one of them another.
const TIMES = [100, 1_000, 10_800, 86_400, Infinity]

/** Returns the one of the used times that a number of seconds stands for. */
export function toldTime(seconds: number | undefined): string {
  if (seconds === undefined) return 'no entry'
  const near = TIMES.find((time) => seconds <= time * 1.1 && (time === Infinity || seconds >= time / 2))
  return near === undefined ? `${seconds} s, which nobody asked for` : `about ${near} s`
}
