import type { CounterBounds } from './store.ts'

/** The number after a step of a counter, which crosses no bound; `undefined` when it is or would be no safe integer. -0 is none. */
export function counterStep(before: unknown, by: number, { min, max }: CounterBounds): number | undefined {
  if (typeof before !== 'number' || !Number.isSafeInteger(before) || Object.is(before, -0)) return undefined
  const after = before + by
  if (by > 0 && max !== undefined && after > max) return Math.max(before, max)
  if (by < 0 && min !== undefined && after < min) return Math.min(before, min)
  return Number.isSafeInteger(after) ? after : undefined
}
