// `npm run jsr`: lays the package as JSR takes it into .cache/jsr, and rehearses its publication with Deno, which judges the
// types of the public names. `--publish` publishes it (docs/decisions/0188).
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installRuntimes } from '../test/runtimes/runtimes.ts'
import { readEntryPoints } from './entry-points.ts'

const { values } = parseArgs({ options: { publish: { type: 'boolean', default: false } } })
const root = join(import.meta.dirname, '..')
const laid = join(root, '.cache/jsr')

interface Manifest {
  readonly version: string
  readonly license: string
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Returns the packages that the laid sources import, with the range of each. The command line is not among the sources. */
function importsOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      return Array.from(
        text.matchAll(/^(?!\s*(?:\*|\/)).*(?:from |import\()'([^.'][^']*)'/gm),
        ([, from]) => from!,
      )
    })
  const packages = [...new Set(names)].filter((name) => !name.startsWith('node:')).toSorted()
  return Object.fromEntries(
    packages.map((name) => {
      const range = manifest.peerDependencies[name] ?? manifest.devDependencies[name]
      if (range === undefined) throw new Error(`src imports ${name}, which package.json does not name`)
      // A specifier has one range, so it is that of the newest major.
      return [name, `npm:${name}@${range.split('||').at(-1)!.trim()}`]
    }),
  )
}

rmSync(laid, { recursive: true, force: true })
mkdirSync(laid, { recursive: true })
for (const name of ['src', 'README.md', 'CHANGELOG.md', 'LICENSE'])
  cpSync(join(root, name), join(laid, name), { recursive: true, filter: (path) => !path.includes('src/cli') })
const entries = readEntryPoints(root).map(({ specifier, source }) => [
  specifier.replace(/^cachette/, '.'),
  `./${source}`,
])
const jsr = {
  name: '@cachette/cachette',
  version: manifest.version,
  license: manifest.license,
  exports: Object.fromEntries(entries) as Record<string, string>,
  imports: importsOf(join(laid, 'src')),
}
writeFileSync(join(laid, 'jsr.json'), `${JSON.stringify(jsr, null, 2)}\n`)

const [deno] = installRuntimes(['Deno'])
const rehearsal = values.publish ? [] : ['--dry-run', '--allow-dirty', '--quiet']
execFileSync(deno!.program, ['publish', '--no-check', ...rehearsal], { cwd: laid, stdio: 'inherit' })
console.log(
  `jsr: ${jsr.name} ${jsr.version}, ${entries.length} entry points, imports ${Object.keys(jsr.imports).join(', ')}`,
)
