// `npm run release -- 1.0.0-rc.1`: makes *Unreleased* of CHANGELOG.md that version and sets it in the manifest and its
// lock. With `--dry-run` it says what it would do and writes nothing. `--check v1.0.0-rc.1` fails if the version is another one, `--notes` prints its part of the changelog, and
// `--dist-tag` its tag on npm. CONTRIBUTING.md has the steps.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  options: {
    root: { type: 'string', default: process.cwd() },
    date: { type: 'string', default: new Date().toISOString().slice(0, 10) },
    check: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    notes: { type: 'boolean', default: false },
    'dist-tag': { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const CHANGELOG = join(values.root, 'CHANGELOG.md')
const VERSION = /^\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?$/

interface Manifest {
  version: string
  readonly packages?: Record<string, { version: string }>
}

const read = (file: string): Manifest => JSON.parse(readFileSync(join(values.root, file), 'utf8')) as Manifest
const { version } = read('package.json')

function fail(reason: string): never {
  console.error(`release: ${reason}`)
  process.exit(1)
}

/** Returns the part of the changelog under a heading, without the heading. */
function partOf(heading: string): string | undefined {
  const parts = readFileSync(CHANGELOG, 'utf8').split(/^## /m)
  const part = parts.find((one) => one.startsWith(`[${heading}]`))
  return part?.slice(part.indexOf('\n')).trim()
}

/** Returns the numbers of a version in an order in which a pre-release comes before its release. */
function orderOf(of: string): readonly number[] {
  const [numbers = '', stage] = of.split('-')
  const [name = '', count] = stage?.split('.') ?? []
  return [
    ...numbers.split('.').map(Number),
    stage === undefined ? 9 : ['alpha', 'beta', 'rc'].indexOf(name),
    Number(count ?? 0),
  ]
}

function isNewer(next: string): boolean {
  const [of, than] = [orderOf(next), orderOf(version)]
  const first = of.findIndex((part, at) => part !== than[at])
  return first >= 0 && of[first]! > than[first]!
}

/** Writes a file, or says so if this is a rehearsal. */
function write(file: string, text: string, what: string): void {
  if (values['dry-run']) console.log(`${file}: ${what}`)
  else writeFileSync(join(values.root, file), text)
}

function setVersion(next: string): void {
  for (const file of ['package.json', 'package-lock.json']) {
    const manifest = read(file)
    manifest.version = next
    const own = manifest.packages?.['']
    if (own !== undefined) own.version = next
    write(file, `${JSON.stringify(manifest, null, 2)}\n`, `version ${version} becomes ${next}`)
  }
}

function release(next: string): void {
  if (!VERSION.test(next)) fail(`${next} is no version such as 1.2.3 or 1.2.3-rc.1`)
  if (!isNewer(next)) fail(`${next} is not newer than ${version}`)
  const unreleased = partOf('Unreleased') ?? ''
  if (unreleased === '') fail('CHANGELOG.md has nothing under "Unreleased"')
  const heading = `## [${next}] - ${values.date}`
  const changelog = readFileSync(CHANGELOG, 'utf8')
  write(
    'CHANGELOG.md',
    changelog.replace('## [Unreleased]\n', `## [Unreleased]\n\n${heading}\n`),
    `"${heading}" over ${unreleased.match(/^- /gm)?.length ?? 0} changes`,
  )
  setVersion(next)
  console.log(`git commit --all --message "Release ${next}" && git tag v${next} && git push --follow-tags`)
}

const [next] = positionals
if (values.check !== undefined) {
  if (values.check !== `v${version}`) fail(`the tag ${values.check} is not that of version ${version}`)
  if ((partOf(version) ?? '') === '') fail(`CHANGELOG.md has nothing under "${version}"`)
} else if (values.notes) {
  console.log(partOf(version) ?? fail(`CHANGELOG.md has nothing under "${version}"`))
} else if (values['dist-tag']) {
  console.log(version.includes('-') ? 'next' : 'latest')
} else if (next === undefined) {
  fail('which version? npm run release -- 1.2.3')
} else {
  release(next)
}
