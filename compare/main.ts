// `npm run compare`: plays every row with every library, and writes the table of docs/comparison.md and, with `--json
// FILE`, the answers. `--only NAME` and `--row TEXT` play some and write no page, unless `--after FILE` has the answers of
// an earlier run for the rest.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Library } from './candidate.ts'
import { LIBRARIES } from './libraries.ts'
import { TOO_LATE, within } from './node-process.ts'
import { lackOf, type Cell, type Part, type Row } from './row.ts'
import { UnpreparedError } from './rows/tools.ts'
import { faults } from './rows/faults.ts'
import { groups } from './rows/groups.ts'
import { loading } from './rows/loading.ts'
import { missed } from './rows/missed.ts'
import { overlaps } from './rows/overlaps.ts'
import { processes } from './rows/processes.ts'
import { values } from './rows/values.ts'
import { Stage } from './stage.ts'
import { page, writePage } from './table.ts'
import { versions } from './versions.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    row: { type: 'string' },
    json: { type: 'string' },
    after: { type: 'string' },
    'at-once': { type: 'string', default: String(availableParallelism() + 1) },
  },
})
/** A cell as `--json` writes it. */
interface Answer extends Cell {
  readonly part: string
  readonly row: string
  readonly library: string
}

const ROW_MS = 180_000
const ATTEMPTS = 3

const tuned: Part = {
  title: `${faults.title}, with the time limits that the libraries and their clients offer`,
  rows: faults.rows,
}
const parts = [loading, overlaps, processes, missed, faults, tuned, groups, values]
const libraries = LIBRARIES.filter(({ name }) => options.only === undefined || name === options.only)
const cells = new Map<Part, Map<Row, Map<Library, Cell>>>()

function note(part: Part, row: Row, library: Library, cell: Cell): void {
  const rows = cells.get(part) ?? new Map<Row, Map<Library, Cell>>()
  cells.set(part, rows)
  const known = rows.get(row) ?? new Map<Library, Cell>()
  rows.set(row, known)
  known.set(library, cell)
  const why = cell.note === undefined ? '' : ` (${cell.note})`
  if (cell.answer !== '–') console.log(`${library.name}: ${row.title}: ${cell.answer}${why}`)
}

/** Plays a row; `undefined` if it could not be prepared, for instance because a process ended before anything was done. */
async function play(stage: Stage, row: Row): Promise<Cell | undefined> {
  try {
    const seen = await within(ROW_MS, row.play(stage))
    if (seen === TOO_LATE) return { answer: 'no', note: 'no answer' }
    return seen === true ? { answer: 'yes' } : { answer: 'no', note: seen }
  } catch (error) {
    if (error instanceof UnpreparedError) return undefined
    const text = String(error).replace(/^(?:\w*Error: )+/, '')
    return { answer: 'no', note: text.split('\n')[0]! }
  }
}

/** Plays rows one after the other on one stage. */
async function playAll(part: Part, rows: readonly Row[], library: Library): Promise<void> {
  const hasTags = rows.some(({ needs }) => needs.includes('invalidateTag'))
  let left = [...rows]
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const stage = await Stage.open(library, { isTuned: part === tuned, hasTags })
    const unprepared: Row[] = []
    try {
      for (const row of left) {
        const cell = await play(stage, row)
        if (cell !== undefined) note(part, row, library, cell)
        else if (attempt < ATTEMPTS) unprepared.push(row)
        else note(part, row, library, { answer: 'no', note: 'it did not work before the trouble either' })
      }
    } finally {
      await stage.close()
    }
    left = unprepared
  }
}

/** Divides rows into those that share a stage. */
function stagesOf(rows: readonly Row[]): readonly (readonly Row[])[] {
  const harmless = rows.filter(({ isHarmful }) => isHarmful !== true)
  const [tagged, plain] = [true, false].map((wanted) =>
    harmless.filter(({ needs }) => needs.includes('invalidateTag') === wanted),
  ) as [Row[], Row[]]
  const harmful = rows.filter(({ isHarmful }) => isHarmful === true).map((row) => [row])
  return [tagged, plain, ...harmful].filter(({ length }) => length > 0)
}

const tasks: (() => Promise<void>)[] = []
for (const part of parts)
  for (const library of libraries) {
    const wanted = part.rows.filter(({ title }) => options.row === undefined || title.includes(options.row))
    const playable = wanted.filter((row) => {
      const lack = lackOf(library, row)
      if (lack !== undefined) note(part, row, library, { answer: '–', note: lack })
      return lack === undefined
    })
    for (const rows of stagesOf(playable)) tasks.push(async () => playAll(part, rows, library))
  }

/** Takes tasks until none is left. */
async function work(): Promise<void> {
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task()
}
await Promise.all(Array.from({ length: Number(options['at-once']) }, work))

if (options.after !== undefined) {
  const { lines } = JSON.parse(readFileSync(options.after, 'utf8')) as { lines: readonly Answer[] }
  for (const { part, row, library, ...cell } of lines) {
    const of = parts.find(({ title }) => title === part)
    const played = of?.rows.find(({ title }) => title === row)
    const known = LIBRARIES.find(({ name }) => name === library)
    if (
      of !== undefined &&
      played !== undefined &&
      known !== undefined &&
      !cells.get(of)?.get(played)?.has(known)
    )
      note(of, played, known, cell)
  }
}

const table = {
  libraries: libraries.map((library) => ({ library, versions: versions(library) })),
  parts,
  cells,
}
const isWhole = options.only === undefined && (options.row === undefined || options.after !== undefined)
if (isWhole) writePage(page(table))
if (options.json !== undefined) {
  const lines = parts.flatMap((part) =>
    part.rows.flatMap((row) =>
      libraries.map((library) => ({
        part: part.title,
        row: row.title,
        library: library.name,
        ...cells.get(part)?.get(row)?.get(library),
      })),
    ),
  )
  const of = table.libraries.map(({ library, versions }) => ({ name: library.name, versions }))
  writeFileSync(
    options.json,
    `${JSON.stringify({ date: new Date().toISOString(), libraries: of, lines }, null, 2)}\n`,
  )
}
