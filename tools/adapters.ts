import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEntryPoints } from './entry-points.ts'

/** The size of an adapter. */
export interface AdapterSize {
  readonly name: string
  /** The lines with code, without comments and blank lines. */
  readonly code: number
  /** All lines. */
  readonly lines: number
}

/** The most lines of code of an adapter. */
export const MOST_LINES = 300

/** The adapters that are larger, and why. */
export const LARGER: Readonly<Record<string, string>> = {
  http: 'RFC 9111 and RFC 5861, for all frameworks',
  next: 'two handlers of Next.js, with streams and two clocks',
  nestjs: 'twelve features of Nest: docs/decisions/0180',
  prisma: 'models, nested writes and cascades: docs/decisions/0180',
  drizzle: 'databases that are watched, and those that are not: docs/decisions/0180',
}

/** Returns the sizes of the adapters in `src/integrations`. Files that several adapters share count for none of them. */
export function adapterSizes(root: string): readonly AdapterSize[] {
  return readEntryPoints(root)
    .filter(({ isIntegration }) => isIntegration)
    .map(({ name, source }) => {
      const folder = join(root, source, '..')
      const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
      const texts = files.map((file) => readFileSync(join(folder, file), 'utf8'))
      const sum = (count: (text: string) => number): number =>
        texts.reduce((all, text) => all + count(text), 0)
      return { name, code: sum(codeLines), lines: sum((text) => text.split('\n').length - 1) }
    })
    .toSorted((a, b) => b.code - a.code)
}

// The format leaves no comment behind code, and begins each line of a long one with `*`.
const COMMENT = /^\s*(?:\/\/|\/\*|\*(?: |\/|$))/

function codeLines(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '' && !COMMENT.test(line)).length
}
