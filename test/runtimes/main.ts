// `npm run matrix`: the conformance suite, a freeze and the end of programs on each runtime with both client libraries.
// Writes the table of docs/runtimes.md and the line of README.md. `-- --only Bun` plays one runtime, and writes nothing.
import { parseArgs } from 'node:util'
import { startRedis } from '../real/servers/server.ts'
import { playFrozen } from './frozen.ts'
import { playProgram, playSuite } from './outcomes.ts'
import type { Line } from './outcomes.ts'
import { LIBRARY_NAMES, Projects } from './project.ts'
import type { Library } from './project.ts'
import { installRuntimes, RUNTIME_NAMES } from './runtimes.ts'
import type { Runtime } from './runtimes.ts'
import { matrixTable, nameOf, runsOn, wordsOf, writePart } from './table.ts'

type Play = (runtime: Runtime) => Promise<Omit<Line, 'title' | 'runtime'>>

// The releases before the newest are played on the oldest runtime, on the newest one, and where others wrote it.
const OLDER: ReadonlySet<Library> = new Set(['node-redis 5', 'ioredis 5'])
const WITH_OLDER: ReadonlySet<string> = new Set([RUNTIME_NAMES[0]!, 'Node.js 26', 'Bun', 'Deno'])

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const names = RUNTIME_NAMES.filter((name) => values.only === undefined || name === values.only)
if (names.length === 0) throw new Error(`--only: one of ${RUNTIME_NAMES.join(', ')}`)

const runtimes = installRuntimes(names)
using projects = new Projects()
await using server = await startRedis()
const { url } = server

const forEach = (title: string, play: (library: Library) => Play): [string, Play, Library][] =>
  LIBRARY_NAMES.map((library) => [`${title}, ${library}`, play(library), library])
const plays: readonly (readonly [title: string, play: Play, library?: Library])[] = [
  ['memory', (runtime) => playSuite(projects, runtime, LIBRARY_NAMES[0]!, 'memory', url)],
  ...forEach('Redis', (library) => (runtime) => playSuite(projects, runtime, library, 'redis', url)),
  ...forEach('two tiers', (library) => (runtime) => playSuite(projects, runtime, library, 'tiered', url)),
  ...forEach('frozen', (library) => (runtime) => playFrozen(projects, runtime, library, url)),
  ...forEach('ends', (library) => (runtime) => playProgram(projects, runtime, library, url)),
]

async function playAll(runtime: Runtime): Promise<readonly Line[]> {
  const lines: Line[] = []
  for (const [title, play, library] of plays) {
    if (library !== undefined && OLDER.has(library) && !WITH_OLDER.has(runtime.name)) continue
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
  writePart('docs/runtimes.md', 'matrix', `\n${matrixTable(lines)}\n`)
  writePart('README.md', 'runs on', runsOn(lines))
}
process.exitCode = lines.every(({ failed }) => failed.length === 0) ? 0 : 1
