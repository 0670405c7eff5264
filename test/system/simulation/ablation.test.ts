import { describe, expect, test } from 'vitest'
import type { WorldReport } from '../../../simulator/world/world.ts'
import { ABLATIONS, runWithout, withRule } from './ablations/index.ts'

const SEEDS = 150

const isBroken = ({ violations }: WorldReport): boolean => violations.length > 0

describe('without a rule of coherence', () => {
  test.each(ABLATIONS.filter(({ unseen }) => unseen === undefined))(
    '$rule, some seed shows a violation: $without',
    { timeout: 300_000 },
    async (ablation) => {
      const { seed } = ablation
      const [hinted] = seed === undefined ? [] : await runWithout(ablation, 1, undefined, seed)
      const last =
        hinted !== undefined && isBroken(hinted)
          ? hinted
          : (await runWithout(ablation, SEEDS, isBroken)).at(-1)!
      expect(last.violations.length, `${SEEDS} seeds show no violation`).toBeGreaterThan(0)
      // The rule matters, and not the world.
      const [judged] = await runWithout(withRule(ablation), 1, undefined, last.seed)
      expect(judged!.violations).toEqual([])
      console.log(`${ablation.rule}: ${last.violations[0]!.invariant} with seed ${last.seed}`)
    },
  )
})
