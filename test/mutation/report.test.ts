import { expect, it } from 'vitest'
import { percentOf, readReport } from './report.ts'
import { tableOf } from './table.ts'

const mutant = (line: number, status: string, replacement: string, end = 9): object => ({
  mutatorName: 'ConditionalExpression',
  status,
  replacement,
  location: { start: { line, column: 7 }, end: { line, column: end } },
})

const REPORT = JSON.stringify({
  files: {
    'src/core/b.ts': {
      source: 'if (one)\n  if (a && b)\nfor (;;) {}',
      mutants: [
        mutant(1, 'Killed', 'true'),
        mutant(1, 'Timeout', 'false'),
        mutant(2, 'Survived', 'a  || b', 13),
        mutant(2, 'Survived', 'false', 8),
        mutant(3, 'NoCoverage', '""'),
        mutant(3, 'Ignored', 'null'),
      ],
    },
    'src/core/a.ts': { source: 'nothing', mutants: [] },
  },
})
const EQUIVALENT = [{ file: 'core/b.ts', code: 'a && b', replacement: 'a || b', reason: 'both are true' }]

it('counts what was killed and what survived, without mutants that are the same as the code', () => {
  const scores = readReport(REPORT, EQUIVALENT)

  expect(scores.map(({ file }) => file)).toEqual(['src/core/a.ts', 'src/core/b.ts'])
  expect(scores[1]).toMatchObject({
    killed: 2,
    survivors: [
      { place: 'src/core/b.ts:2:7', line: 'if (a && b)', replacement: 'false', isCovered: true },
      { place: 'src/core/b.ts:3:7', replacement: '""', isCovered: false },
    ],
    equivalents: EQUIVALENT,
  })
  expect(percentOf(scores)).toBe(50)
  expect(percentOf([])).toBe(100)
})

it('makes a table of the files that have mutants', () => {
  expect(tableOf(readReport(REPORT, EQUIVALENT), 85).split('\n')).toEqual([
    '| file | % | killed | survived | played by no test |',
    '|---|---:|---:|---:|---:|',
    '| `core/b.ts` | 50.0 | 2 | 1 | 1 |',
    '| **files tried** (aim: 85) | 50.0 | 2 | 1 | 1 |',
    '',
    'Mutants that no test can tell from the code:',
    '',
    '- `core/b.ts`: `a && b` as `a || b`: both are true',
  ])
})
