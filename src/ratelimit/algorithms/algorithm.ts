import type { LimitRule } from '../../core/atomic-store.ts'

/** The state of one limit: whole numbers, whose meaning its algorithm knows; empty = nothing was taken. */
export type Tally = number[]

/**
 * How a limit counts. All is done in whole numbers below 2^53, so that every engine decides alike. A clock that went
 * back makes what was taken count as if it had been taken now.
 */
export interface Algorithm {
  /** Brings the tally to the present, in place. */
  settle(tally: Tally, rule: LimitRule, nowMs: number): void
  /** Takes a quantity, in place, whether there is room or not. */
  take(tally: Tally, rule: LimitRule, nowMs: number, quantity: number): void
  /** How many more would be admitted. */
  remaining(tally: Tally, rule: LimitRule): number
  /** Milliseconds until so many would be admitted; 0 = now, `Infinity` = never. */
  retryAfterMs(tally: Tally, rule: LimitRule, nowMs: number, quantity: number): number
  /** Milliseconds until the tally is as good as empty. */
  resetMs(tally: Tally, rule: LimitRule, nowMs: number): number
}

/** A sum that stays a safe integer. */
export function bounded(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER)
}

/** Returns a quotient rounded up. Exact for all safe integers, which `Math.ceil(sum / by)` is not. */
export function quotientUp(sum: number, by: number): number {
  const rest = sum % by
  return (sum - rest) / by + (rest > 0 ? 1 : 0)
}
