// `npm run demo:busy`: plays the city guide with and without Redis, alone and beside a busy loop for each core, and holds
// its figures against what the guide promises. A line each. `-- --rounds 3` plays all of it three times, `--only busy` what is
// beside busy loops.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Results } from '../demo/report/results.ts'

const MOST_P50_MS = 20
const LEAST_HIT_RATIO = 0.7
const MOST_SECONDS = 60
/** Timers that are late by less than a stall, all in all, as in demo/report/table.ts. */
const TIMERS_MS = 50

// It ends by itself in any case.
const LOOP = 'const endMs = Date.now() + 300_000; while (Date.now() < endMs);'

interface Figure {
  readonly text: string
  readonly holds: boolean
}

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1' }, only: { type: 'string' } },
})
const folder = mkdtempSync(join(tmpdir(), 'city-guide-'))
const cores = availableParallelism()
let failed = 0
try {
  for (let round = 0; round < Number(values.rounds); round++)
    for (const isBusy of values.only === 'busy' ? [true] : [false, true])
      for (const hasRedis of [true, false]) failed += play(hasRedis, isBusy) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1

function play(hasRedis: boolean, isBusy: boolean): boolean {
  const [others = 0] = loadavg()
  const loops = Array.from({ length: isBusy ? cores : 0 }, () => spawn(process.execPath, ['-e', LOOP]))
  const file = join(folder, 'results.json')
  const args = ['--import', 'tsx', 'demo/main.ts', '--once', '--results', file]
  const began = performance.now()
  const demo = spawnSync(process.execPath, hasRedis ? args : [...args, '--no-redis'], { encoding: 'utf8' })
  const seconds = (performance.now() - began) / 1000
  for (const loop of loops) loop.kill('SIGKILL')
  const where = `${hasRedis ? 'with' : 'without'} Redis, ${loops.length} busy loops, load before ${others.toFixed(1)}`
  if (demo.status !== 0) {
    console.log(`${where}: FAILED\n${demo.stdout}${demo.stderr}`)
    return false
  }
  const figures = figuresOf(JSON.parse(readFileSync(file, 'utf8')) as Results, seconds)
  const holds = figures.every((figure) => figure.holds)
  const texts = figures.map((figure) => (figure.holds ? figure.text : `${figure.text} MISSED`))
  console.log(`${where}: ${holds ? 'holds' : 'MISSED'}: ${texts.join('; ')}`)
  return holds
}

function figuresOf({ plan, withCache, redis }: Results, seconds: number): readonly Figure[] {
  const { p50, cache, proof } = withCache
  const p50Ms = p50?.ms ?? Infinity
  const hitRatio = cache?.hitRatio ?? 0
  const figures = [
    { text: `p50 ${p50Ms.toFixed(1)} of ${MOST_P50_MS} ms`, holds: p50Ms <= MOST_P50_MS },
    { text: `hit ratio ${(100 * hitRatio).toFixed(1)} %`, holds: hitRatio >= LEAST_HIT_RATIO },
    { text: `${proof.stale} of ${proof.checked} old`, holds: proof.stale === 0 },
    { text: `${seconds.toFixed(0)} of ${MOST_SECONDS} s`, holds: seconds <= MOST_SECONDS },
    { text: `${plan.visitsPerSecond} of ${Math.round(plan.visitsPossible)} visits a second`, holds: true },
    { text: `database busy ${Math.round(100 * withCache.busy)} %`, holds: withCache.busy <= 0.5 },
  ]
  if (redis?.outage === undefined) return figures
  const { outage, deadlineMs, outdatedAfterwards } = redis
  const longest = `longest wait for the frozen Redis ${Math.round(outage.longestMs)} of ${deadlineMs} ms`
  const late = `${outdatedAfterwards} pages old after the freeze`
  return [
    ...figures,
    { text: longest, holds: outage.longestMs <= deadlineMs + TIMERS_MS },
    { text: late, holds: outdatedAfterwards === 0 },
  ]
}
