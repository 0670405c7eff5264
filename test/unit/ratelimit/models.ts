// The meaning of each algorithm, written down as plainly as possible: with a log of everything that was taken, and fractions
// that are exact. The library must decide like these, request by request.
import type { LimitRule } from '../../../src/core/atomic-store.ts'

export interface Standing {
  readonly remaining: number
  readonly retryAfterMs: number
  readonly resetMs: number
}

/** One limit of one key. */
export interface Model {
  stand(nowMs: number, wanted: number): Standing
  take(nowMs: number, quantity: number): void
}

interface Taken {
  readonly atMs: number
  readonly quantity: number
}

const sum = (log: readonly Taken[]): number => log.reduce((total, { quantity }) => total + quantity, 0)

/** A window begins with the first that is taken after the end of the one before. */
function fixedWindow({ limit, windowMs }: LimitRule): Model {
  let log: Taken[] = []
  const present = (nowMs: number): Taken[] => {
    if (log.length > 0 && nowMs - log[0]!.atMs >= windowMs) log = []
    return log
  }
  return {
    stand(nowMs, wanted) {
      const count = sum(present(nowMs))
      const resetMs = count === 0 ? 0 : log[0]!.atMs + windowMs - nowMs
      const waitMs = count + wanted <= limit ? 0 : resetMs
      return {
        remaining: Math.max(0, limit - count),
        retryAfterMs: wanted > limit ? Infinity : waitMs,
        resetMs,
      }
    },
    take: (nowMs, quantity) => void present(nowMs).push({ atMs: nowMs, quantity }),
  }
}

/** Time has parts of a tenth of the window; what was taken in a part counts until its last moment is a window old. */
function slidingWindow({ limit, windowMs }: LimitRule): Model {
  const partMs = Math.ceil(windowMs / 10)
  let log: Taken[] = []
  const endOf = ({ atMs }: Taken): number => {
    const partEndMs = (Math.floor(atMs / partMs) + 1) * partMs
    return partEndMs + Math.ceil(windowMs / partMs) * partMs
  }
  return {
    stand(nowMs, wanted) {
      log = log.filter((taken) => endOf(taken) > nowMs)
      const moments = [nowMs, ...log.map(endOf).toSorted((a, b) => a - b)]
      const fits = (ms: number): boolean => sum(log.filter((taken) => endOf(taken) > ms)) + wanted <= limit
      return {
        remaining: Math.max(0, limit - sum(log)),
        retryAfterMs: wanted > limit ? Infinity : moments.find(fits)! - nowMs,
        resetMs: moments.at(-1)! - nowMs,
      }
    },
    take: (nowMs, quantity) => void log.push({ atMs: nowMs, quantity }),
  }
}

/** The theoretical arrival time, as an exact fraction with the limit below the line. */
function gcra({ limit, windowMs, burst }: LimitRule): Model {
  const below = BigInt(limit)
  let arrival = 0n
  const ceil = (above: bigint): number => Number((above + below - 1n) / below)
  const positive = (value: bigint): bigint => (value > 0n ? value : 0n)
  return {
    stand(nowMs, wanted) {
      const now = BigInt(nowMs) * below
      const ahead = positive(arrival - now)
      const room = BigInt(burst * windowMs)
      const excess = ahead + BigInt(wanted * windowMs) - room
      return {
        remaining: Number(positive(room - ahead) / BigInt(windowMs)),
        retryAfterMs: wanted > burst ? Infinity : ceil(positive(excess)),
        resetMs: ceil(ahead),
      }
    },
    take(nowMs, quantity) {
      const now = BigInt(nowMs) * below
      arrival = (arrival > now ? arrival : now) + BigInt(quantity * windowMs)
    },
  }
}

const MODELS = { 'fixed-window': fixedWindow, 'sliding-window': slidingWindow, gcra }

export interface ModelAnswer {
  readonly allowed: boolean
  readonly standings: readonly Standing[]
}

/** All limits of one key: they admit together, or not at all. */
export class ModelKey {
  readonly #models: readonly Model[]

  constructor(rules: readonly LimitRule[]) {
    this.#models = rules.map((rule) => MODELS[rule.algorithm](rule))
  }

  ask(mode: 'consume' | 'peek' | 'penalty', nowMs: number, quantity: number): ModelAnswer {
    const before = this.#stand(nowMs, quantity)
    if (mode === 'peek' || (mode === 'consume' && !before.allowed)) return before
    for (const model of this.#models) model.take(nowMs, quantity)
    const after = this.#stand(nowMs, 1)
    if (mode === 'penalty') return after
    return { allowed: true, standings: after.standings.map((one) => ({ ...one, retryAfterMs: 0 })) }
  }

  #stand(nowMs: number, wanted: number): ModelAnswer {
    const standings = this.#models.map((model) => model.stand(nowMs, wanted))
    return { allowed: standings.every(({ retryAfterMs }) => retryAfterMs === 0), standings }
  }
}
