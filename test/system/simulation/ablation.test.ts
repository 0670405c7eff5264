import { describe, expect, test } from 'vitest'
import { ABLATIONS, runWithout, withRule } from './ablations/index.ts'

const SEEDS = 150

describe('without a rule of coherence', () => {
  test.each(ABLATIONS.filter(({ unseen }) => unseen === undefined))(
    '$rule, some seed shows a violation: $without',
    { timeout: 300_000 },
    async (ablation) => {
      const reports = await runWithout(ablation, SEEDS, ({ violations }) => violations.length > 0)
      const last = reports.at(-1)!
      expect(last.violations.length, `${SEEDS} seeds show no violation`).toBeGreaterThan(0)
      // The rule matters, and not the world.
      const [judged] = await runWithout(withRule(ablation), 1, undefined, last.seed)
      expect(judged!.violations).toEqual([])
      console.log(`${ablation.rule}: ${last.violations[0]!.invariant} with seed ${last.seed}`)
    },
  )
})
