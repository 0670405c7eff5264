import { join } from 'node:path'
import { readEntryPoints } from '../../tools/entry-points.ts'

const project = join(import.meta.dirname, '../..')

/** Aliases of Vite with which the names of the package mean its sources, as in tsconfig.json. */
export const SOURCES: readonly { readonly find: RegExp; readonly replacement: string }[] = readEntryPoints(
  project,
).map(({ specifier, source }) => ({ find: new RegExp(`^${specifier}$`), replacement: join(project, source) }))
