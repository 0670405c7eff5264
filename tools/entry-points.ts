import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A module that users import, as the `exports` of package.json name it. */
export interface EntryPoint {
  /** The specifier in users' imports, such as `cachette/memory`. */
  readonly specifier: string
  /** TypeScript source, relative to the root. */
  readonly source: string
}

/** Returns all entry points of the package in `root`. @throws if one has no source. */
export function readEntryPoints(root: string): readonly EntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  }
  const modules = Object.entries(manifest.exports).filter(([subpath]) => subpath !== './package.json')
  if (modules.length === 0) throw new Error('package.json exports no module')
  return modules.map(([subpath, target]) => {
    const source = typeof target === 'string' ? undefined : target['@cachette/source']
    if (source === undefined) throw new Error(`package.json: exports["${subpath}"] lacks "@cachette/source"`)
    return { specifier: manifest.name + subpath.slice(1), source: source.replace('./', '') }
  })
}
