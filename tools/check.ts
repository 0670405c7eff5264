// Runs every script of package.json named `check:*`, also after one failed, and ends in a table.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
const names = Object.keys(scripts).filter((name) => name.startsWith('check:'))
if (names.length === 0) throw new Error('package.json has no script named check:*')

const results = names.map((name) => {
  console.log(`\n> ${name}`)
  const began = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' })
  return { name, passed: status === 0, seconds: (performance.now() - began) / 1000 }
})

console.log()
for (const { name, passed, seconds } of results) {
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s`)
}
const passed = results.filter((result) => result.passed).length
const failed = results.length - passed
console.log(`checks: ${passed} passed, ${failed} failed`)
mkdirSync('.cache', { recursive: true })
writeFileSync('.cache/check.json', `${JSON.stringify({ passed, failed, skipped: 0 })}\n`)
process.exitCode = failed === 0 ? 0 : 1
