// `npm run test:next`: a small application of Next.js 16 is built from the packed package, by each of its bundlers, with
// one client library installed, bundled and not. Each is started once, and asked for its pages. A line each. Then examples/next
// is built, and played by two processes over one server. `-- --only 'webpack, ioredis'` or `--only 'two processes'` plays a part.
import { parseArgs } from 'node:util'
import { freePort } from '../../real/servers/ports.ts'
import { startRedis } from '../../real/servers/server.ts'
import { playTwoProcesses } from './two-processes.ts'
import { ANSWERS, CLIENTS, COPIES, type Client } from './app.ts'
import { BUNDLERS, NextProject, type Bundler, type Started } from './project.ts'

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } })
await using server = await startRedis()
using project = new NextProject()
let failed = 0
for (const client of Object.keys(CLIENTS) as Client[]) {
  project.use(client)
  for (const bundler of Object.keys(BUNDLERS) as Bundler[])
    for (const isExternal of [false, true]) {
      const title = `${bundler}, ${client}, ${isExternal ? 'external' : 'bundled'}`
      if (title.includes(values.only) && !(await play(title, bundler, isExternal))) failed += 1
    }
}
for (const bundler of Object.keys(BUNDLERS) as Bundler[]) {
  const title = `two processes, ${bundler}`
  if (title.includes(values.only)) failed += (await playTwoProcesses(title, bundler)) ? 0 : 1
}
process.exitCode = failed === 0 ? 0 : 1

async function play(title: string, bundler: Bundler, isExternal: boolean): Promise<boolean> {
  const began = performance.now()
  const failures: string[] = []
  let copies = '-'
  try {
    const printed = project.build(bundler, isExternal)
    const warnings = printed.split('\n').filter((line) => /warn|not found|can't resolve/i.test(line))
    if (warnings.length > 0) console.log(`  ${title}: the build says ${warnings.join(' / ')}`)
    const started = await project.start(await freePort(), server.url)
    try {
      failures.push(...(await wrongAnswers(started)))
      copies = await started.ask(COPIES)
      if (isExternal && copies !== '1') failures.push(`${copies} copies of the package in one process`)
    } finally {
      const output = await started.end()
      if (failures.length > 0) failures.push(output)
    }
  } catch (error) {
    failures.push(String(error))
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const outcome = failures.length === 0 ? 'all is well' : 'FAILED'
  console.log(`Next.js, ${title}: ${outcome}, copies of the package: ${copies}, ${seconds} s`)
  for (const failure of failures) console.log(`  ${failure}`)
  return failures.length === 0
}

async function wrongAnswers(started: Started): Promise<readonly string[]> {
  const wrong: string[] = []
  // Twice, because the second answer comes out of the cache.
  for (const [path, expected] of [...Object.entries(ANSWERS), ...Object.entries(ANSWERS)]) {
    const answer = await started.ask(path)
    if (!answer.includes(expected)) wrong.push(`${path} answered ${answer.slice(0, 300)}`)
  }
  return wrong
}
