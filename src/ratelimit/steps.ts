import type {
  AtomicStep,
  LimitAlgorithm,
  LimitAnswer,
  LimitRule,
  LimitStanding,
} from '../core/atomic-store.ts'
import type { Algorithm, Tally } from './algorithms/algorithm.ts'
import { fixedWindow } from './algorithms/fixed-window.ts'
import { gcra } from './algorithms/gcra.ts'
import { slidingWindow } from './algorithms/sliding-window.ts'

const ALGORITHMS: Readonly<Record<LimitAlgorithm, Algorithm>> = {
  'fixed-window': fixedWindow,
  'sliding-window': slidingWindow,
  gcra,
}

interface LimitState {
  readonly blockedUntilMs: number
  /** The time from which on nothing of it counts any more. */
  readonly keptUntilMs: number
  /** The tallies in the order of the rules. */
  readonly tallies: Tally[]
}

const NOTHING: Omit<LimitState, 'tallies'> = { blockedUntilMs: 0, keptUntilMs: 0 }

/** Consumes, peeks at or penalises all limits of a key. */
export const limitStep: AtomicStep<'limit'> = {
  name: 'limit',
  run(state, { rules, mode, quantity, blockMs }, { nowMs }) {
    const before = (state as LimitState | undefined) ?? { ...NOTHING, tallies: rules.map(() => []) }
    const { blockedUntilMs, tallies } = before
    const blockedMs = Math.max(0, blockedUntilMs - nowMs)
    let fits = true
    for (const [index, rule] of rules.entries()) {
      const algorithm = ALGORITHMS[rule.algorithm]
      const tally = (tallies[index] ??= [])
      algorithm.settle(tally, rule, nowMs)
      if (algorithm.retryAfterMs(tally, rule, nowMs, quantity) > 0) fits = false
    }

    // `wanted` is the quantity that the waiting time is for; 0 = no caller waits.
    const answer = (allowed: boolean, wanted: number): LimitAnswer => ({
      atMs: nowMs,
      allowed: allowed && blockedMs === 0,
      blockedMs,
      standings: rules.map((rule, index) => standingOf(rule, tallies[index]!, nowMs, wanted)),
    })
    if (mode === 'consume' && !fits && blockedMs === 0 && blockMs !== undefined) {
      const blockedUntilMs = nowMs + blockMs
      const next = {
        state: { blockedUntilMs, keptUntilMs: blockedUntilMs, tallies: [] },
        ttlMs: blockMs,
        used: 1,
      }
      return { answer: { ...answer(false, 0), blockedMs: blockMs }, next }
    }
    if (mode === 'peek' || (mode === 'consume' && (!fits || blockedMs > 0)))
      return { answer: answer(fits, quantity) }

    for (const [index, rule] of rules.entries())
      ALGORITHMS[rule.algorithm].take(tallies[index]!, rule, nowMs, quantity)
    const after = answer(true, mode === 'penalty' ? 1 : 0)
    let ttlMs = blockedMs
    for (const { resetMs } of after.standings) ttlMs = Math.max(ttlMs, resetMs)
    const used = blockedMs > 0 ? 1 : usedOf(rules, after.standings)
    const next = { state: { blockedUntilMs, keptUntilMs: nowMs + ttlMs, tallies }, ttlMs, used }
    const isLeft = after.standings.every(({ retryAfterMs }) => retryAfterMs === 0)
    return { answer: { ...after, allowed: after.allowed && isLeft }, next }
  },
}

// Returns the used part of the limit of which least is left.
function usedOf(rules: readonly LimitRule[], standings: readonly LimitStanding[]): number {
  let used = 0
  for (const [index, { burst }] of rules.entries())
    used = Math.max(used, 1 - standings[index]!.remaining / burst)
  return used
}

function standingOf(rule: LimitRule, tally: Tally, nowMs: number, wanted: number): LimitStanding {
  const algorithm = ALGORITHMS[rule.algorithm]
  return {
    remaining: algorithm.remaining(tally, rule),
    retryAfterMs: wanted === 0 ? 0 : algorithm.retryAfterMs(tally, rule, nowMs, wanted),
    resetMs: algorithm.resetMs(tally, rule, nowMs),
  }
}

/** Blocks a key from now on, in place of an earlier block. The counts stay. */
export const blockStep: AtomicStep<'block'> = {
  name: 'block',
  run(state, { forMs }, { nowMs }) {
    const { keptUntilMs, tallies } = (state as LimitState | undefined) ?? { ...NOTHING, tallies: [] }
    const blockedUntilMs = nowMs + forMs
    const until = Math.max(blockedUntilMs, keptUntilMs)
    const next = { state: { blockedUntilMs, keptUntilMs: until, tallies }, ttlMs: until - nowMs, used: 1 }
    return { answer: true, next }
  },
}

/** Forgets the counts and the block. */
export const resetStep: AtomicStep<'reset'> = {
  name: 'reset',
  run: (state) => ({ answer: state !== undefined, ...(state !== undefined && { next: 'none' }) }),
}
