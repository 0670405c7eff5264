import { mergeTokens } from '../../src/core/token.ts'
import type { History } from './history.ts'
import type { Versioned } from '../world/node.ts'
import type { SeededRandom } from '../../src/testing/random.ts'
import type { Target } from '../world/targets.ts'

/** What an invalidation promises to whoever reads with its token. */
export interface Promised {
  readonly token: string
  readonly versions: ReadonlyMap<Target, number>
  readonly beganMs: number
}

const LATEST = 5

/** The tokens of late, and what is read with them (I4). */
export class Promises {
  readonly #history: History
  readonly #random: SeededRandom
  #latest: readonly Promised[] = []

  constructor(history: History, random: SeededRandom) {
    this.#history = history
    this.#random = random
  }

  add(promised: Promised): void {
    this.#latest = [...this.#latest, promised].slice(-LATEST)
  }

  /** A token of late, or two of them merged. */
  pick(): Promised | undefined {
    if (this.#latest.length === 0) return undefined
    const one = this.#random.pick(this.#latest)
    const other = this.#random.pick(this.#latest)
    if (one === other || this.#random.chance(0.5)) return one
    return { ...one, token: mergeTokens(one.token, other.token) }
  }

  /** A value that was set yields only to what began later. */
  judge(node: string, target: Target, [version, origin]: Versioned, { versions, beganMs }: Promised): void {
    const least = versions.get(target) ?? 0
    if (version >= least || this.#history.sinceMs(origin) > beganMs) return
    this.#history.violated(
      'I4',
      `${node} read version ${version} of ${target.key}; its token was made after version ${least}`,
    )
  }
}
