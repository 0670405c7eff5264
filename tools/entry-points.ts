import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

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
  /** The packages without which it can't be loaded, such as `@nestjs/common`. */
  readonly needs: readonly string[]
}

/** Names of the entry points that observe caches. Nobody needs them for caching. */
export const OBSERVING = new Set([
  'analysis',
  'audit',
  'dashboard',
  'loggers',
  'otel',
  'prometheus',
  'sentry',
])

/** Returns all entry points of the package in `root`. @throws if one has no source. */
export function readEntryPoints(root: string): readonly EntryPoint[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: object
    readonly peerDependencies?: object
  }
  const peers = new Set(Object.keys(manifest.peerDependencies ?? {}))
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
    const needs = isIntegration ? importsOf(dirname(join(root, source))).filter((id) => peers.has(id)) : []
    return { specifier: manifest.name + subpath.slice(1), name, source, isIntegration, needs }
  })
}

/** Returns the packages that the files of a folder import for more than their types. */
function importsOf(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const found = files.flatMap((name) =>
    [
      ...readFileSync(join(folder, name), 'utf8').matchAll(
        /^import (?!type )[^']*?from '((?:@[^/']+\/)?[^./'][^/']*)/gm,
      ),
    ].map(([, id]) => id!),
  )
  return [...new Set(found)].toSorted()
}
