import type { CounterBounds } from '../core/store.ts'

/**
 * Returns the number after a step of a counter, within its bounds. It is `undefined` if `before` or the result is not a
 * safe integer. -0 is none.
 */
export function counterStep(before: unknown, by: number, { min, max }: CounterBounds): number | undefined {
  if (typeof before !== 'number' || !Number.isSafeInteger(before) || Object.is(before, -0)) return undefined
  const after = before + by
  if (by > 0 && max !== undefined && after > max) return Math.max(before, max)
  if (by < 0 && min !== undefined && after < min) return Math.min(before, min)
  return Number.isSafeInteger(after) ? after : undefined
}
