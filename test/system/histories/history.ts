import { expect, test } from 'vitest'
import { ABLATIONS, type Ablation } from '../simulation/ablations/index.ts'
import { Stage, type StageOptions } from './stage.ts'

/** A rule that is left out, for one history or as in the table of rules. */
export type Omission = Pick<Ablation, 'rule' | 'patch'> & Pick<StageOptions, 'remote' | 'bus' | 'store'>

/** Options of a history. */
export interface HistoryOptions extends StageOptions {
  /** Number of nodes; 2 unless given. */
  readonly nodes?: number
  /** Rules that the history shows needed. Without one (of a list: without all of them), it must go wrong. */
  readonly without?: readonly (string | readonly string[] | Omission)[]
}

/**
 * Tests a history: steps on a stage, and the expected results. For each rule that it shows needed there is a test in
 * which it must go wrong. This proves that the history looks at the right thing.
 */
export function history(name: string, options: HistoryOptions, play: (stage: Stage) => Promise<void>): void {
  const { nodes = 2, without = [], ...wiring } = options
  test(name, () => play(new Stage(nodes, wiring)))
  for (const left of without) {
    const omissions = typeof left === 'string' ? [left] : Array.isArray(left) ? left : [left as Omission]
    const rules = omissions.map((one) => (typeof one === 'string' ? ruleNamed(one) : one))
    test(`${name} (not without: ${rules.map(({ rule }) => rule).join('; ')})`, async () => {
      const restores = rules.map(({ patch }) => patch?.())
      try {
        const rewired = rules.reduce<StageOptions>((before, rule) => rewire(before, rule), wiring)
        // Only an unmet expectation proves something, and no other error.
        await expect(play(new Stage(nodes, rewired))).rejects.toMatchObject({ name: 'AssertionError' })
      } finally {
        for (const restore of restores.toReversed()) restore?.()
      }
    })
  }
}

function ruleNamed(name: string): Omission {
  const ablation = ABLATIONS.find(({ rule }) => rule === name)
  if (ablation === undefined) throw new Error(`there is no rule ${name}`)
  return { rule: name, patch: ablation.patch, ...ablation.world?.rewire } as Omission
}

function rewire(before: StageOptions, { remote, bus, store }: Omission): StageOptions {
  return {
    ...before,
    ...(remote && { remote: (one) => remote(before.remote?.(one) ?? one) }),
    ...(bus && { bus }),
    ...(store && { store }),
  }
}
