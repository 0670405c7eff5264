import { describe, expect, test } from 'vitest'
import { runAuditBatch, type AuditPart, type AuditTally } from '../../../tools/auditing/runs.ts'

async function run(part: AuditPart, name: string, seeds: number, firstSeed = 1): Promise<AuditTally> {
  return runAuditBatch({ part, name, firstSeed, seeds })
}

// `npm run audit:simulate` plays many more.
describe('the auditors of a simulated world', () => {
  test.each(['cut lines', 'everything'])('raise no false alarm: %s', async (mix) => {
    const { samples, falseAlarms, notApplied } = await run('mixes', mix, 1, 4)
    expect(samples).toBeGreaterThan(100)
    expect(falseAlarms).toEqual([])
    expect(notApplied).toBe(0)
  })

  test('find a lasting violation without a rule', async () => {
    const { lasting, found, notApplied } = await run('rules', 'C3b, unstamped entries', 1)
    expect({ lasting, found }).toEqual({ lasting: 1, found: 1 })
    expect(notApplied).toBeGreaterThan(0)
  })

  test('report no loader whose answers differ each time', async () => {
    const { samples, falseAlarms, notInvalidated } = await run('unsteady', 'everything', 1, 2)
    expect(samples).toBeLessThan(100)
    expect({ falseAlarms, notInvalidated }).toEqual({ falseAlarms: [], notInvalidated: 0 })
  })

  test('have intervals with the true share in them', async () => {
    const { covered } = await run('intervals', 'intervals', 2)
    expect(covered).toBe(2)
  })
})
