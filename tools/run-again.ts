// Runs the files of tests that failed in `npm test` once more, one after the other. A test that fails beside others and
// passes alone is unsteady. That is a fault to be mended, but tells nothing about the change. Names each such test, and
// puts the result of the second run into the report. `tsx tools/run-again.ts .cache/test.json`, and the configuration of
// Vitest if it is another one.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/** More failed files than this are no matter of chance. */
const MOST_FILES = 8

interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

const [path = '', config] = process.argv.slice(2)
const first = JSON.parse(readFileSync(path, 'utf8')) as Report
const failed = first.testResults.filter(({ status }) => status === 'failed')
if (failed.length === 0 || failed.length > MOST_FILES) {
  console.log(`${failed.length} files failed: not run again.`)
  process.exit(1)
}
const files = failed.map(({ name }) => relative(process.cwd(), name))
console.log(`\nRun again, alone: ${files.join(', ')}`)
const again = `${path.replace(/\.json$/, '')}-again.json`
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...files,
    '--maxWorkers=1',
    ...(config === undefined ? [] : ['--config', config]),
  ],
  { stdio: 'inherit', env: { ...process.env, CACHETTE_TEST_REPORT: again } },
)
const second = JSON.parse(readFileSync(again, 'utf8')) as Report
const stillFailing = new Set(namesOf(second))
const unsteady = namesOf(first).filter((name) => !stillFailing.has(name))
for (const name of unsteady) console.log(`UNSTEADY: ${name}`)
first.numPassedTests += first.numFailedTests - second.numFailedTests
first.numFailedTests = second.numFailedTests
first.testResults = [...first.testResults.filter(({ status }) => status !== 'failed'), ...second.testResults]
writeFileSync(path, JSON.stringify(first))
process.exitCode = status ?? 1

function namesOf(report: Report): string[] {
  return report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((one) => one.status === 'failed').map(({ fullName }) => fullName),
  )
}
