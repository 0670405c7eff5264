// `npm run test:releases`: the built package on the releases of Node.js at the ends of what `engines` allows. Every entry
// point is imported and required, and a program talks to a server through each client. Writes docs/runtimes.md.
import { readEntryPoints } from '../../tools/entry-points.ts'
import { startRedis } from '../real/servers/server.ts'
import { playEntries, playProgram, type Line } from './outcomes.ts'
import { LIBRARY_NAMES, Projects } from './project.ts'
import { installReleases, type Runtime } from './runtimes.ts'
import { matrixTable, nameOf, wordsOf, writePart } from './table.ts'

const specifiers = readEntryPoints(process.cwd())
  .filter(({ needs }) => needs.length === 0)
  .map(({ specifier }) => specifier)
const releases = installReleases()
using projects = new Projects()
await using server = await startRedis()

async function playAll(runtime: Runtime): Promise<readonly Line[]> {
  const entries = await playEntries(projects, runtime, LIBRARY_NAMES[0]!, specifiers)
  const lines: Line[] = [{ runtime, title: 'import and require', ...entries }]
  for (const library of LIBRARY_NAMES) {
    const outcome = await playProgram(projects, runtime, library, server.url)
    lines.push({ runtime, title: `a program with ${library}`, ...outcome })
  }
  for (const line of lines) {
    console.log(`${nameOf(runtime)}, ${line.title}: ${wordsOf(line)} passed`)
    for (const failure of line.failed) console.log(`  ${failure}`)
  }
  return lines
}

const lines: Line[] = []
for (const release of releases) lines.push(...(await playAll(release)))
const isWell = lines.every(({ failed }) => failed.length === 0)
if (isWell) writePart('docs/runtimes.md', 'releases', `\n${matrixTable(lines)}\n`)
process.exitCode = isWell ? 0 : 1
