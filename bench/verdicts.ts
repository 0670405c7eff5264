import type { Budget } from './budgets.ts'

export interface Line {
  readonly part: string
  readonly budget: string
  readonly measured: number | undefined
  readonly bound: string
  readonly verdict: 'met' | 'missed' | 'not measured'
}

/** Compares a figure with its budget. A figure that is missing is never met. */
export function judge(part: string, { figure, bound, isAtLeast }: Budget, value: number | undefined): Line {
  const isMet = value !== undefined && (isAtLeast === true ? value >= bound : value <= bound)
  const isMeasured = value !== undefined && !Number.isNaN(value)
  return {
    part,
    budget: figure,
    measured: isMeasured ? Number(value.toFixed(3)) : undefined,
    bound: `${isAtLeast === true ? 'at least' : 'at most'} ${bound.toLocaleString('en')}`,
    verdict: isMeasured ? (isMet ? 'met' : 'missed') : 'not measured',
  }
}
