import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A module that users import, as the `exports` of package.json name it. */
export interface EntryPoint {
  /** The specifier in users' imports, such as `cachette/memory`. */
  readonly specifier: string
  /** The name of its files in `dist`, such as `memory`; `index` for the package itself. */
  readonly name: string
  /** TypeScript source, relative to the root. */
  readonly source: string
}

/** Returns all entry points of the package in `root`. @throws if one has no source. */
export function readEntryPoints(root: string): readonly EntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: object
  }
  const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
  if (subpaths.length === 0) throw new Error('package.json exports no module')
  return subpaths.map((subpath) => {
    const source = subpath === '.' ? 'src/index.ts' : `src/${subpath.slice(2)}/index.ts`
    if (!existsSync(join(root, source)))
      throw new Error(`package.json: exports["${subpath}"] lacks ${source}`)
    const name = subpath === '.' ? 'index' : subpath.slice(2)
    return { specifier: manifest.name + subpath.slice(1), name, source }
  })
}
