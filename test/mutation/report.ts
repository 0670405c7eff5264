import { EQUIVALENT, type Equivalent } from './equivalent.ts'

interface Place {
  readonly line: number
  readonly column: number
}

interface Mutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status:
    | 'Killed'
    | 'Survived'
    | 'NoCoverage'
    | 'Timeout'
    | 'Ignored'
    | 'CompileError'
    | 'RuntimeError'
  readonly location: { readonly start: Place; readonly end: Place }
}

interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>
}

/** A mutant that no test has noticed. */
export interface Survivor {
  readonly place: string
  readonly line: string
  readonly replacement: string
  readonly isCovered: boolean
}

/** The mutants of one file. */
export interface FileScore {
  readonly file: string
  readonly killed: number
  readonly survivors: readonly Survivor[]
  readonly equivalents: readonly Equivalent[]
}

/** Reads a report of Stryker from its text, file by file in the order of their names. */
export function readReport(text: string, known: readonly Equivalent[] = EQUIVALENT): readonly FileScore[] {
  const { files } = JSON.parse(text) as Report
  return Object.keys(files)
    .toSorted()
    .map((file) => scoreOf(file, files[file]!, known))
}

function scoreOf(
  file: string,
  { source, mutants }: Report['files'][string],
  known: readonly Equivalent[],
): FileScore {
  const lines = source.split('\n')
  let killed = 0
  const survivors: Survivor[] = []
  const equivalents = new Set<Equivalent>()
  for (const { status, location, replacement = '' } of mutants) {
    if (status === 'Killed' || status === 'Timeout') killed++
    if (status !== 'Survived' && status !== 'NoCoverage') continue
    const code = squeezed(textOf(lines, location))
    const equivalent = known.find(
      (one) =>
        file === `src/${one.file}` &&
        squeezed(one.code) === code &&
        squeezed(one.replacement) === squeezed(replacement),
    )
    if (equivalent !== undefined) equivalents.add(equivalent)
    else
      survivors.push({
        place: `${file}:${location.start.line}:${location.start.column}`,
        line: lines[location.start.line - 1]!.trim(),
        replacement: replacement.replaceAll(/\s+/g, ' '),
        isCovered: status === 'Survived',
      })
  }
  return { file, killed, survivors, equivalents: [...equivalents] }
}

// Returns the code in place of which the mutant stands. Columns begin with 1.
function textOf(lines: readonly string[], { start, end }: Mutant['location']): string {
  const of = lines.slice(start.line - 1, end.line)
  of[of.length - 1] = of.at(-1)!.slice(0, end.column - 1)
  of[0] = of[0]!.slice(start.column - 1)
  return of.join('\n')
}

function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, '')
}

/** Returns the share of noticed mutants in per cent; of no mutants, 100. */
export function percentOf(scores: readonly FileScore[]): number {
  let killed = 0
  let all = 0
  for (const score of scores) {
    killed += score.killed
    all += score.killed + score.survivors.length
  }
  return all === 0 ? 100 : (100 * killed) / all
}
