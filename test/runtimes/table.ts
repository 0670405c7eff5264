import { readFileSync, writeFileSync } from 'node:fs'
import type { Line } from './outcomes.ts'
import type { Runtime } from './runtimes.ts'

// README.md is also shown where the repository's files are not.
const PAGE = 'https://github.com/cachette/cachette/blob/main/docs/runtimes.md'

/** Returns a table with a column for each runtime and a row for each thing that was played there. */
export function matrixTable(lines: readonly Line[]): string {
  const runtimes = runtimesOf(lines)
  const rows = [...new Set(lines.map(({ title }) => title))].map((title) => {
    const cells = runtimes.map((runtime) => {
      const line = lines.find((one) => one.runtime === runtime && one.title === title)
      return line === undefined ? '-' : wordsOf(line)
    })
    return `| ${[title, ...cells].join(' | ')} |`
  })
  const heads = runtimes.map(nameOf)
  return [`| | ${heads.join(' | ')} |`, `|---|${'---|'.repeat(heads.length)}`, ...rows].join('\n')
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

/** Writes the part of a page that is between its mark and the next end. */
export function writePart(file: string, mark: string, text: string): void {
  const page = readFileSync(file, 'utf8')
  const marked = new RegExp(`(<!-- ${mark} -->\\n)[^]*?(<!-- end -->)`)
  if (!marked.test(page)) throw new Error(`${file} has no place for "${mark}"`)
  writeFileSync(
    file,
    page.replace(marked, (_, begin: string, end: string) => `${begin}${text}\n${end}`),
  )
}
