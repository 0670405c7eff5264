import { describe, expect, it } from 'vitest'
import { PARTS } from '../../bench/budgets.ts'
import { textOf } from '../../bench/readme.ts'
import { judge } from '../../bench/verdicts.ts'

const budgets = PARTS.flatMap(({ name, budgets: own }) => own.map((budget) => ({ part: name, budget })))
const met = budgets.map(({ part, budget }) => judge(part, budget, budget.bound))

describe('the sentence about missed budgets', () => {
  it('names none if all are met', () => {
    expect(textOf(met)).toBe(`\`npm run bench\` met ${met.length} of ${met.length} budgets.\n`)
  })

  it('names those that are missed with their figures, once for each reason', () => {
    const [one, other] = budgets.filter(({ budget }) => budget.reason !== undefined)
    const value = ({ bound, isAtLeast }: (typeof budgets)[number]['budget']) =>
      isAtLeast === true ? bound / 4 : bound * 4
    const lines = met.map((line) =>
      [one, other].some((each) => each?.budget.figure === line.budget)
        ? judge(
            line.part,
            budgets.find(({ budget }) => budget.figure === line.budget)!.budget,
            value(one!.budget),
          )
        : line,
    )
    const text = textOf(lines)
    expect(text).toContain(`${one!.budget.figure}: `)
    expect(text.split(one!.budget.reason!)).toHaveLength(2)
  })

  it('is refused for a miss without a reason', () => {
    const without = budgets.find(({ budget }) => budget.reason === undefined)!
    const lines = met.map((line) =>
      line.budget === without.budget.figure ? judge(line.part, without.budget, undefined) : line,
    )
    expect(() => textOf(lines)).toThrow(`the budget "${without.budget.figure}" is missed without a reason`)
  })
})
