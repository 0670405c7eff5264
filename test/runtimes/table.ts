import type { Line } from './outcomes.ts'
import type { Runtime } from './runtimes.ts'

// README.md is also shown where the repository's files are not.
const PAGE = 'https://github.com/cachette/cachette/blob/main/docs/runtimes.md'

/** Returns a table with a row for each runtime and a column for each thing that was played there. */
export function matrixTable(lines: readonly Line[]): string {
  const titles = [...new Set(lines.map(({ title }) => title))]
  const rows = runtimesOf(lines).map((runtime) => {
    const cells = titles.map((title) => {
      const line = lines.find((one) => one.runtime === runtime && one.title === title)
      return line === undefined ? '-' : wordsOf(line)
    })
    return `| ${[nameOf(runtime), ...cells].join(' | ')} |`
  })
  return [`| | ${titles.join(' | ')} |`, `|---|${'---|'.repeat(titles.length)}`, ...rows].join('\n')
}

/** Returns the runtimes on which everything passed, in a sentence. */
export function runsOn(lines: readonly Line[]): string {
  const well = runtimesOf(lines).filter((runtime) =>
    lines.every((line) => line.runtime !== runtime || line.failed.length === 0),
  )
  return `Runs on ${well.map(nameOf).join(', ')}: [tested](${PAGE}).`
}

/** Writes the outcome of a line: the number of checks that passed, of all. */
export function wordsOf({ passed, failed }: Line): string {
  return `${passed} of ${passed + failed.length}`
}

export function nameOf({ name, version }: Runtime): string {
  return `${name.replace(/ \d+$/, '')} ${version}`
}

function runtimesOf(lines: readonly Line[]): readonly Runtime[] {
  return [...new Set(lines.map(({ runtime }) => runtime))]
}
