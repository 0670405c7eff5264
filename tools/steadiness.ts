// `npm run steadiness`: runs the tests again and again while both cores are kept busy by other work, and counts failures.
// Totals of a commit are kept in .cache/steadiness, so that several sittings add up.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'

const USAGE = `Usage: npm run steadiness -- [options]

  --minutes N     begins no more tests after N minutes (default 20)
  --servers N     runs of each file of tests over real servers (default 10)
  --others N      runs of each other file (default 2)
  --only TEXT     only files whose path contains the text
  --idle          keeps no core busy
  --help          shows this

Ends with 1 when a test has failed on this commit, with 2 when it was called wrongly.`

// Files that run at a time. A failure names its test, whatever ran beside it.
const BATCH = 6
const FOLDER = '.cache/steadiness'
const SERVERS = /^test\/(real|demo|unit\/(ratelimit|lock))\//

interface Total {
  runs: number
  /** The names of failed tests, once for each failure. */
  readonly failures: string[]
}

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
  }[]
}

const options = readOptions()
const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()
if (git('status', '--porcelain', '--untracked-files=no') !== '')
  fail('The tree has changes. Totals belong to a commit.')
const commit = git('rev-parse', '--short=12', 'HEAD')
const path = `${FOLDER}/${commit}.json`
mkdirSync(FOLDER, { recursive: true })
const totals = readTotals()
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((file) => `test/${file}`)
  .filter((file) => file.endsWith('.test.ts') && !/^test\/package\/|node_modules/.test(file))
  .filter((file) => file.includes(options.only))
  .toSorted()
if (files.length === 0) fail(`--only: no file of tests has '${options.only}' in its path.`)
const wanted = (file: string): number => (SERVERS.test(file) ? options.servers : options.others)
const totalOf = (file: string): Total => (totals[file] ??= { runs: 0, failures: [] })

const busy = options.idle
  ? []
  : cpus().map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }))
try {
  const untilMs = performance.now() + options.minutes * 60_000
  for (let batch = nextFiles(); batch.length > 0 && performance.now() < untilMs; batch = nextFiles())
    run(batch)
} finally {
  for (const one of busy) one.kill()
}
show()

/** Returns files with the fewest runs of those that are to run again. */
function nextFiles(): readonly string[] {
  const left = files.filter((file) => totalOf(file).runs < wanted(file))
  const fewest = Math.min(...left.map((file) => totalOf(file).runs))
  return left.filter((file) => totalOf(file).runs === fewest).slice(0, BATCH)
}

function run(batch: readonly string[]): void {
  const report = `${FOLDER}/report.json`
  rmSync(report, { force: true })
  spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...batch], {
    stdio: 'ignore',
    env: { ...process.env, CACHETTE_TEST_REPORT: report },
  })
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  for (const file of batch) {
    const result = testResults.find(({ name }) => name.endsWith(`/${file}`))
    const total = totalOf(file)
    total.runs++
    const failed = (result?.assertionResults ?? []).filter(({ status }) => status === 'failed')
    if (result?.status !== 'passed' && failed.length === 0)
      total.failures.push(`${file}: ${result?.message ?? 'no report'}`)
    for (const { fullName, failureMessages = [] } of failed) {
      total.failures.push(fullName)
      console.log(`FAILED: ${file}: ${fullName}`)
      console.log(failureMessages.join('\n').split('\n').slice(0, 12).join('\n'))
    }
  }
  writeFileSync(path, JSON.stringify(totals, undefined, 1))
}

function show(): void {
  const table = new Table({ head: ['tests', 'files', 'runs wanted', 'runs', 'failures'] })
  const kinds = {
    'over real servers': (file: string) => SERVERS.test(file),
    others: (file: string) => !SERVERS.test(file),
  }
  const sum = (of: readonly string[], count: (file: string) => number): number =>
    of.reduce((all, file) => all + count(file), 0)
  let failures = 0
  for (const [kind, isOfIt] of Object.entries(kinds)) {
    const some = files.filter(isOfIt)
    const failed = sum(some, (file) => totalOf(file).failures.length)
    failures += failed
    table.push([kind, some.length, sum(some, wanted), sum(some, (file) => totalOf(file).runs), failed])
  }
  console.log(`commit ${commit}, ${options.idle ? 'no core' : 'all cores'} kept busy by other work`)
  console.log(table.toString())
  for (const file of files) for (const name of totalOf(file).failures) console.log(`${file}: ${name}`)
  process.exitCode = failures === 0 ? 0 : 1
}

function readTotals(): Record<string, Total> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, Total>
  } catch {
    return {}
  }
}

function readOptions(): {
  readonly minutes: number
  readonly servers: number
  readonly others: number
  readonly only: string
  readonly idle: boolean
} {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '20' },
        servers: { type: 'string', default: '10' },
        others: { type: 'string', default: '2' },
        only: { type: 'string', default: '' },
        idle: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    const number = (flag: 'minutes' | 'servers' | 'others'): number => {
      const value = Number(values[flag])
      return value > 0 ? value : fail(`--${flag}: '${values[flag]}' is not a number above 0`)
    }
    return {
      minutes: number('minutes'),
      servers: number('servers'),
      others: number('others'),
      only: values.only,
      idle: values.idle,
    }
  } catch (error) {
    return fail((error as Error).message)
  }
}

function fail(message: string): never {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(2)
}
