// `npm run matrix`: the conformance suite, a freeze and the end of programs on each runtime with both client libraries.
// Writes the table of docs/runtimes.md and the line of README.md. `-- --only Bun` plays one runtime, and writes nothing.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startRedis } from '../redis/servers/server.ts'
import { playFrozen } from './frozen.ts'
import { playProgram, playSuite } from './outcomes.ts'
import type { Line } from './outcomes.ts'
import { LIBRARY_NAMES, Projects } from './project.ts'
import type { Library } from './project.ts'
import { installRuntimes, RUNTIME_NAMES } from './runtimes.ts'
import type { Runtime } from './runtimes.ts'
import { matrixTable, nameOf, runsOn, wordsOf } from './table.ts'

type Play = (runtime: Runtime) => Promise<Omit<Line, 'title' | 'runtime'>>

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const names = RUNTIME_NAMES.filter((name) => values.only === undefined || name === values.only)
if (names.length === 0) throw new Error(`--only: one of ${RUNTIME_NAMES.join(', ')}`)

const runtimes = installRuntimes(names)
using projects = new Projects()
await using server = await startRedis()
const { url } = server

const forEach = (title: string, play: (library: Library) => Play): [string, Play][] =>
  LIBRARY_NAMES.map((library) => [`${title}, ${library}`, play(library)])
const plays: readonly (readonly [title: string, play: Play])[] = [
  ['memory', (runtime) => playSuite(projects, runtime, LIBRARY_NAMES[0]!, 'memory', url)],
  ...forEach('Redis', (library) => (runtime) => playSuite(projects, runtime, library, 'redis', url)),
  ...forEach('two tiers', (library) => (runtime) => playSuite(projects, runtime, library, 'tiered', url)),
  ...forEach('frozen', (library) => (runtime) => playFrozen(projects, runtime, library, url)),
  ...forEach('ends', (library) => (runtime) => playProgram(projects, runtime, library, url)),
]

async function playAll(runtime: Runtime): Promise<readonly Line[]> {
  const lines: Line[] = []
  for (const [title, play] of plays) {
    const line = { runtime, title, ...(await play(runtime)) }
    lines.push(line)
    console.log(`${nameOf(runtime)}, ${title}: ${wordsOf(line)} passed`)
    for (const failure of line.failed) console.log(`  ${failure}`)
  }
  return lines
}

// Most of the time they wait.
const lines = (await Promise.all(runtimes.map(playAll))).flat()

if (values.only === undefined) {
  write('docs/runtimes.md', 'matrix', `\n${matrixTable(lines)}\n`)
  write('README.md', 'runs on', runsOn(lines))
}
process.exitCode = lines.every(({ failed }) => failed.length === 0) ? 0 : 1

function write(file: string, mark: string, text: string): void {
  const page = readFileSync(file, 'utf8')
  const marked = new RegExp(`(<!-- ${mark} -->\\n)[^]*?(<!-- end -->)`)
  if (!marked.test(page)) throw new Error(`${file} has no place for "${mark}"`)
  writeFileSync(
    file,
    page.replace(marked, (_, begin: string, end: string) => `${begin}${text}\n${end}`),
  )
}
