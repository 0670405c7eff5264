// `npm run test:servers`: conformance, fidelity and races on newer servers than the distribution's own. It names the
// servers that can't be had here. `-- --only valkey-9` runs one of them; it may be given again.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const NAMES = ['redis-8', 'valkey-8', 'valkey-9']
const TESTS = ['test/real/conformance', 'test/real/store/fidelity', 'test/real/fidelity', 'test/real/races']

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
for (const name of values.only ?? [])
  if (!NAMES.includes(name)) throw new Error(`--only: one of ${NAMES.join(', ')}`)
const folder = '.cache/servers'
const fetched = spawnSync(fileURLToPath(new URL('more-servers.sh', import.meta.url)), [folder], {
  encoding: 'utf8',
})
process.stdout.write(fetched.stdout)
process.stderr.write(fetched.stderr)

mkdirSync('.cache', { recursive: true })
const total = { passed: 0, failed: 0, skipped: 0 }
for (const name of NAMES.filter((one) => values.only?.includes(one) ?? true)) {
  const program = `${folder}/${name}/server`
  if (!existsSync(program)) {
    console.log(`${name}: not to be had here; not tested`)
    total.failed += process.env['CI'] === undefined ? 0 : 1
    continue
  }
  const report = `.cache/test-${name}.json`
  console.log(`\n${name}`)
  const env = {
    ...process.env,
    CACHETTE_TEST_REPORT: report,
    CACHETTE_TEST_PROGRAM: fileURLToPath(new URL(`file://${process.cwd()}/${program}`)),
  }
  const run = (...args: readonly string[]): boolean =>
    spawnSync(process.execPath, args, { stdio: 'inherit', env }).status === 0
  if (!run('node_modules/vitest/vitest.mjs', 'run', ...TESTS))
    run('--import', 'tsx', 'tools/run-again.ts', report)
  const counts = JSON.parse(readFileSync(report, 'utf8')) as Report
  total.passed += counts.numPassedTests
  total.failed += counts.numFailedTests
  total.skipped += counts.numPendingTests + counts.numTodoTests
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
writeFileSync('.cache/servers.json', `${JSON.stringify(total)}\n`)
process.exitCode = total.failed === 0 ? 0 : 1
