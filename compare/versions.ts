import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Library } from './candidate.ts'

/** Returns the versions of a library's packages as they are installed here. */
export function versions({
  packages,
}: Library): readonly { readonly name: string; readonly version: string }[] {
  const require = createRequire(import.meta.url)
  return packages.map((name) => {
    const folders = name === 'cachette' ? [] : (require.resolve.paths(name) ?? [])
    const file =
      name === 'cachette' ? new URL('../package.json', import.meta.url) : `${folders[0]}/${name}/package.json`
    return { name, version: (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version }
  })
}
