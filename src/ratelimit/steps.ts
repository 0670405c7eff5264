import type { AtomicStep, LimitAlgorithm, LimitAnswer, LimitStanding } from '../core/atomic-store.ts'
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
  /** When nothing of it counts any more. */
  readonly keptUntilMs: number
  /** In the order of the rules. */
  readonly tallies: Tally[]
}

const NOTHING: Omit<LimitState, 'tallies'> = { blockedUntilMs: 0, keptUntilMs: 0 }

/** Consumes, peeks at or penalises all limits of a key. */
export const limitStep: AtomicStep<'limit'> = {
  name: 'limit',
  run(state, { rules, mode, quantity }, { nowMs }) {
    const { blockedUntilMs, tallies } = (state as LimitState | undefined) ?? { ...NOTHING, tallies: [] }
    const blockedMs = Math.max(0, blockedUntilMs - nowMs)
    const limits = rules.map((rule, index) => ({
      rule,
      algorithm: ALGORITHMS[rule.algorithm],
      tally: (tallies[index] ??= []),
    }))
    for (const { rule, algorithm, tally } of limits) algorithm.settle(tally, rule, nowMs)
    const standing = (wanted: number): readonly LimitStanding[] =>
      limits.map(({ rule, algorithm, tally }) => ({
        remaining: algorithm.remaining(tally, rule),
        retryAfterMs: algorithm.retryAfterMs(tally, rule, nowMs, wanted),
        resetMs: algorithm.resetMs(tally, rule, nowMs),
      }))

    const before = standing(quantity)
    const answer = (allowed: boolean, standings: readonly LimitStanding[]): LimitAnswer => ({
      atMs: nowMs,
      allowed: allowed && blockedMs === 0,
      blockedMs,
      standings,
    })
    const fits = before.every(({ retryAfterMs }) => retryAfterMs === 0)
    if (mode !== 'penalty' && (mode === 'peek' || !fits || blockedMs > 0))
      return { answer: answer(fits, before) }

    for (const { rule, algorithm, tally } of limits) algorithm.take(tally, rule, nowMs, quantity)
    const after = standing(1)
    const ttlMs = Math.max(blockedMs, ...after.map(({ resetMs }) => resetMs))
    const next = { state: { blockedUntilMs, keptUntilMs: nowMs + ttlMs, tallies }, ttlMs }
    if (mode === 'penalty')
      return {
        answer: answer(
          after.every(({ retryAfterMs }) => retryAfterMs === 0),
          after,
        ),
        next,
      }
    return {
      answer: answer(
        true,
        after.map((one) => ({ ...one, retryAfterMs: 0 })),
      ),
      next,
    }
  },
}

/** Blocks a key for so long from now on, in place of a block before; what was taken stays taken. */
export const blockStep: AtomicStep<'block'> = {
  name: 'block',
  run(state, { forMs }, { nowMs }) {
    const { keptUntilMs, tallies } = (state as LimitState | undefined) ?? { ...NOTHING, tallies: [] }
    const blockedUntilMs = nowMs + forMs
    const until = Math.max(blockedUntilMs, keptUntilMs)
    const next = { state: { blockedUntilMs, keptUntilMs: until, tallies }, ttlMs: until - nowMs }
    return { answer: true, next }
  },
}

/** Forgets what was taken, and a block. */
export const resetStep: AtomicStep<'reset'> = {
  name: 'reset',
  run: (state) => ({ answer: state !== undefined, ...(state !== undefined && { next: 'none' }) }),
}
