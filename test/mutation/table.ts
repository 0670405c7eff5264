import { percentOf, type FileScore } from './report.ts'

/** Returns the table of the scores of a folder, in Markdown, and the list of its equivalent mutants. */
export function tableOf(scores: readonly FileScore[], least: number): string {
  const rows = scores.filter(({ killed, survivors }) => killed + survivors.length > 0)
  const line = (name: string, of: readonly FileScore[]): string => {
    const killed = sum(of.map((score) => score.killed))
    const survivors = of.flatMap((score) => score.survivors)
    const unplayed = survivors.filter(({ isCovered }) => !isCovered).length
    return `| ${name} | ${percentOf(of).toFixed(1)} | ${killed} | ${survivors.length - unplayed} | ${unplayed} |`
  }
  const table = [
    '| file | % | killed | survived | played by no test |',
    '|---|---:|---:|---:|---:|',
    ...rows.map((score) => line(`\`${score.file.replace('src/', '')}\``, [score])),
    line(`**files tried** (aim: ${least})`, rows),
  ]
  const named = scores.flatMap(({ file, equivalents }) =>
    equivalents.map(
      ({ code, replacement, reason }) =>
        `- \`${file.replace('src/', '')}\`: \`${code}\` as \`${replacement}\`: ${reason}`,
    ),
  )
  if (named.length === 0) return table.join('\n')
  return [...table, '', 'Mutants that no test can tell from the code:', '', ...named].join('\n')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
