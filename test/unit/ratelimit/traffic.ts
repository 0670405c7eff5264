import type { AtomicStore, LimitAnswer, LimitRequest, LimitRule } from '../../../src/core/atomic-store.ts'
import { stateKind } from '../../../src/ratelimit/options.ts'
import { limitStep } from '../../../src/ratelimit/steps.ts'

/** Sets of limits that requests are tried on: each algorithm alone, with even and odd numbers, and all together. */
export const RULES: Readonly<Record<string, readonly LimitRule[]>> = {
  'fixed-window': [{ algorithm: 'fixed-window', limit: 7, windowMs: 100, burst: 7 }],
  'sliding-window': [{ algorithm: 'sliding-window', limit: 9, windowMs: 100, burst: 9 }],
  'sliding-window of odd parts': [{ algorithm: 'sliding-window', limit: 5, windowMs: 33, burst: 5 }],
  gcra: [{ algorithm: 'gcra', limit: 7, windowMs: 100, burst: 7 }],
  'gcra with another burst': [{ algorithm: 'gcra', limit: 13, windowMs: 97, burst: 4 }],
  'three limits at once': [
    { algorithm: 'gcra', limit: 10, windowMs: 50, burst: 5 },
    { algorithm: 'sliding-window', limit: 12, windowMs: 90, burst: 12 },
    { algorithm: 'fixed-window', limit: 20, windowMs: 200, burst: 20 },
  ],
}

/** A random request: mostly for one, sometimes for several or for more than is ever admitted; some look or penalise. */
export function randomRequest(random: () => number, rules: readonly LimitRule[]): LimitRequest {
  const kind = random()
  const mode = kind < 0.8 ? 'consume' : kind < 0.95 ? 'peek' : 'penalty'
  const size = random()
  return { rules, mode, quantity: size < 0.8 ? 1 : size < 0.99 ? 2 + Math.floor(random() * 3) : 21 }
}

/** Asks a store for all limits of a key. */
export async function ask(atomic: AtomicStore, key: string, request: LimitRequest): Promise<LimitAnswer> {
  return atomic.run(limitStep, { kind: stateKind('model', request.rules), key }, request)
}
