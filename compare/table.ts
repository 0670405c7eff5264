import { readFileSync, writeFileSync } from 'node:fs'
import type { Library } from './candidate.ts'
import type { Cell, Part, Row } from './row.ts'

const PAGE = new URL('../docs/comparison.md', import.meta.url)
const [BEGIN, END] = ['<!-- compared -->', '<!-- end -->']

export interface Table {
  readonly libraries: readonly {
    readonly library: Library
    readonly versions: readonly { readonly name: string; readonly version: string }[]
  }[]
  readonly parts: readonly Part[]
  readonly cells: ReadonlyMap<Part, ReadonlyMap<Row, ReadonlyMap<Library, Cell>>>
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** Writes the versions, a table for each part, and what was seen where the answer is no. */
export function page({ libraries, parts, cells }: Table): string {
  const names = libraries.map(({ library }) => library.name)
  const of = libraries.map(({ library, versions }) => {
    const packages = versions.map(({ name, version }) => `${name} ${version}`).join(', ')
    return line([library.name, packages])
  })
  const tables = parts.map((part) => {
    const rows = part.rows.map((row) => {
      const answers = libraries.map(({ library }) => cells.get(part)?.get(row)?.get(library)?.answer ?? '–')
      return line([row.title, ...answers])
    })
    return [
      `## ${part.title}`,
      '',
      line(['', ...names]),
      line(['---', ...names.map(() => '---')]),
      ...rows,
    ].join('\n')
  })
  return [
    [line(['column', 'played with']), line(['---', '---']), ...of].join('\n'),
    ...tables,
    `## Notes\n\nA dash is a feature that the library does not have:\n\n${lacks(libraries).join('\n')}`,
    `For each "no", the observation:\n\n${observations({ libraries, parts, cells }).join('\n')}`,
  ].join('\n\n')
}

function lacks(libraries: Table['libraries']): readonly string[] {
  return libraries.map(
    ({ library }) => `- ${library.name}: ${[...new Set(Object.values(library.lacks))].join('; ')}.`,
  )
}

function observations({ libraries, parts, cells }: Table): readonly string[] {
  return parts.flatMap((part) =>
    part.rows.flatMap((row) => {
      const seen = libraries.flatMap(({ library }) => {
        const cell = cells.get(part)?.get(row)?.get(library)
        return cell?.answer === 'no' ? [`${library.name}: ${cell.note ?? 'no'}`] : []
      })
      return seen.length === 0 ? [] : [`- ${row.title} (${part.title}): ${seen.join('; ')}.`]
    }),
  )
}

/** Writes the part of the page between its marks. */
export function writePage(text: string): void {
  const old = readFileSync(PAGE, 'utf8')
  const [begin, end] = [old.indexOf(BEGIN), old.indexOf(END)]
  if (begin < 0 || end < begin)
    throw new Error(`docs/comparison.md has no place between ${BEGIN} and ${END}.`)
  writeFileSync(PAGE, `${old.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${old.slice(end)}`)
}
