import type { LimitRule } from '../../core/atomic-store.ts'

/** The state of one limit: whole numbers, whose meaning its algorithm knows; empty = no quantity counts. */
export type Tally = number[]

/**
 * The way in which a limit counts. All numbers are whole and below 2^53, so that every engine decides alike. If the
 * clock went back, earlier quantities count as if they were taken now.
 */
export interface Algorithm {
  /** Brings the tally to the present, in place. */
  settle(tally: Tally, rule: LimitRule, nowMs: number): void
  /** Takes a quantity, in place, even if there is no room. */
  take(tally: Tally, rule: LimitRule, nowMs: number, quantity: number): void
  /** Returns the quantity that would still be admitted. */
  remaining(tally: Tally, rule: LimitRule): number
  /** Returns the milliseconds until a quantity would be admitted; 0 = now, `Infinity` = never. */
  retryAfterMs(tally: Tally, rule: LimitRule, nowMs: number, quantity: number): number
  /** Returns the milliseconds until the tally is as good as empty. */
  resetMs(tally: Tally, rule: LimitRule, nowMs: number): number
}

/** Returns the sum, bounded to a safe integer. */
export function bounded(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER)
}

/** Returns a quotient rounded up. Exact for all safe integers, which `Math.ceil(sum / by)` is not. */
export function quotientUp(sum: number, by: number): number {
  const rest = sum % by
  return (sum - rest) / by + (rest > 0 ? 1 : 0)
}
