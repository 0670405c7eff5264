import { mergeTokens } from '../../src/core/token.ts'
import type { History } from './history.ts'
import type { Versioned } from '../world/node.ts'
import type { SeededRandom } from '../../src/testing/random.ts'
import type { Target } from '../world/targets.ts'

/** The promise of an invalidation to a read with its token. */
export interface Promised {
  readonly token: string
  readonly versions: ReadonlyMap<Target, number>
  readonly beganMs: number
}

const LATEST = 5

/** The most recent tokens, and the values that are read with them (I4). */
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

  /** Returns a recent token, or two of them merged. */
  pick(): Promised | undefined {
    if (this.#latest.length === 0) return undefined
    const one = this.#random.pick(this.#latest)
    const other = this.#random.pick(this.#latest)
    if (one === other || this.#random.chance(0.5)) return one
    return { ...one, token: mergeTokens(one.token, other.token) }
  }

  /** Judges a read. Only a call that began later replaces a value that was set. */
  judge(node: string, target: Target, [version, origin]: Versioned, { versions, beganMs }: Promised): void {
    const least = versions.get(target) ?? 0
    if (version >= least || this.#history.sinceMs(origin) > beganMs) return
    this.#history.violated(
      'I4',
      `${node} read version ${version} of ${target.key}; its token was made after version ${least}`,
    )
  }
}
