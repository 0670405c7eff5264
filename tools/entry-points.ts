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
  /** Whether it is an adapter to another package, which lies in `src/integrations`. */
  readonly isIntegration: boolean
  /** Whether it imports the package that it adapts to, which has to be installed then. */
  readonly needsHost: boolean
}

const WITH_HOST = new Set(['nestjs'])

/** Returns all entry points of the package in `root`. @throws if one has no source. */
export function readEntryPoints(root: string): readonly EntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: object
  }
  const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
  if (subpaths.length === 0) throw new Error('package.json exports no module')
  return subpaths.map((subpath) => {
    const folder = subpath === '.' ? '' : `${subpath.slice(2)}/`
    const places = [`src/${folder}index.ts`, `src/integrations/${folder}index.ts`]
    const source = places.find((place) => existsSync(join(root, place)))
    if (source === undefined)
      throw new Error(`package.json: exports["${subpath}"] lacks ${places.join(' or ')}`)
    const name = subpath === '.' ? 'index' : subpath.slice(2)
    const isIntegration = source !== places[0]
    const needsHost = WITH_HOST.has(name)
    return { specifier: manifest.name + subpath.slice(1), name, source, isIntegration, needsHost }
  })
}
