// Replays recorded traces through BoundedMap and compares its hit ratios with those of other policies.
//   npm run bench:hit-ratio            prints every cell and writes bench/hit-ratio/hit-ratio.svg
//   npm run bench:hit-ratio -- patterns       plays only patterns that no trace has
//   CACHETTE_TRACES=folder             the folder of the traces; default shared/traces beside the project
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { figure } from '../figures.ts'
import { BoundedMap } from '../../src/memory/bounded-map.ts'
import { phaseNames, runPhases } from './phases.ts'
import { lruRatio, ourRatio, patternKeys, patternNames, patternSizes } from './patterns.ts'
import { plot } from './plot.ts'
import type { Panel } from './plot.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import { replay } from './replay.ts'
import { loadReference, loadTrace, traceFolder, traceNames } from './traces.ts'

// Below this size the reference has holes: see the README of the traces.
const LEAST_SIZE = 100
const SEEDS = [1, 2, 3]

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(ratio: number): string {
  return (100 * ratio).toFixed(2).padStart(7)
}

function reportByEntries(): void {
  const reference = loadReference()
  if (reference === undefined) {
    console.log(`SKIPPED: no traces in ${traceFolder}; set CACHETTE_TRACES to their folder`)
    return
  }
  const panels: Panel[] = []
  const shares: number[] = []
  const ratios: number[] = []
  const caffeineShares: number[] = []
  const differences: { cell: string; points: number }[] = []
  console.log(
    `hit ratio in percent, mean of ${SEEDS.length} hash seeds; share of the optimum; points above LRU`,
  )
  console.log('trace             size     LRU  Caffeine optimum    ours   share  vs LRU (worst seed)')
  for (const name of traceNames) {
    const trace = loadTrace(name)
    if (trace === undefined) {
      console.log(`${name}: SKIPPED, its file is absent`)
      continue
    }
    const ours: [number, number][] = []
    const cells = [...reference.get(name)!].sort(([a], [b]) => a - b)
    const judged: { share: number; ratio: number; caffeine: number }[] = []
    for (const [size, policies] of cells) {
      const runs = SEEDS.map((seed) => replay(trace, size, seed))
      const ratio = mean(runs)
      const [opt = NaN, lru = NaN, caffeine = NaN] = ['opt', 'lru', 'caffeine'].map((p) => policies.get(p))
      const share = ratio / opt
      const worst = 100 * (Math.min(...runs) - lru)
      ours.push([size, ratio])
      if (size >= LEAST_SIZE) {
        judged.push({ share, ratio, caffeine: caffeine / opt })
        differences.push({ cell: `${name}@${size}`, points: worst })
      }
      const columns = [lru, caffeine, opt, ratio].map(percent).join(' ')
      const points = `${(100 * (ratio - lru)).toFixed(2).padStart(7)} (${worst.toFixed(2)})`
      console.log(`${name.padEnd(14)} ${String(size).padStart(7)} ${columns}   ${share.toFixed(3)} ${points}`)
    }
    shares.push(mean(judged.map(({ share }) => share)))
    ratios.push(mean(judged.map(({ ratio }) => ratio)))
    caffeineShares.push(mean(judged.map(({ caffeine }) => caffeine)))
    console.log(
      `${name.padEnd(14)}    mean share of the optimum from size ${LEAST_SIZE}: ${shares.at(-1)!.toFixed(3)}`,
    )
    const curve = (label: string, policy: string) => ({
      label,
      points: cells.map(([size, policies]) => [size, policies.get(policy)!] as const),
    })
    panels.push({
      title: name,
      curves: [
        curve('LRU', 'lru'),
        curve('Caffeine', 'caffeine'),
        curve('optimum', 'opt'),
        { label: 'Cachette', points: ours },
      ],
    })
  }
  if (shares.length === 0) return
  differences.sort((a, b) => a.points - b.points)
  console.log(`\nover ${shares.length} traces, sizes of ${LEAST_SIZE} and more, averaged per trace first:`)
  console.log(`  mean hit ratio ${mean(ratios).toFixed(4)}`)
  console.log(
    `  mean share of the optimum ${mean(shares).toFixed(4)} (Caffeine ${mean(caffeineShares).toFixed(4)})`,
  )
  const worst = differences.slice(0, 4).map(({ cell, points }) => `${cell} ${points.toFixed(2)}`)
  console.log(`  farthest below LRU, worst seed, in points: ${worst.join(', ')}`)
  figure('mean share of the optimum, recorded traces', mean(shares))
  figure('points below LRU, worst cell of traces', -differences[0]!.points)
  if (process.argv.includes('--no-picture')) return
  const file = fileURLToPath(new URL('hit-ratio.svg', import.meta.url))
  writeFileSync(file, plot('Hit ratio by cache size', panels))
  console.log('  curves: bench/hit-ratio/hit-ratio.svg')
}

function reportByWeight(): void {
  const trace = loadTrace('adaptsize-req')
  if (trace?.sizes === undefined) return
  const bytes = new Map<number, number>()
  trace.keys.forEach((key, i) => bytes.set(key, trace.sizes![i]!))
  const total = [...bytes.values()].reduce((sum, size) => sum + size, 0)
  console.log('\nby weight, adaptsize-req (10 %: LRU 34.4, W-TinyLFU 37.8, GDSF 42.0, optimum 45.0):')
  for (const share of [0.01, 0.05, 0.1, 0.2]) {
    const map = new BoundedMap<number, number>({ maxWeight: total * share, random: new SeededRandom(1).next })
    let hits = 0
    let hitBytes = 0
    let allBytes = 0
    trace.keys.forEach((key, i) => {
      const weight = trace.sizes![i]!
      allBytes += weight
      if (map.get(key) === undefined) map.set(key, key, { weight })
      else {
        hits++
        hitBytes += weight
      }
    })
    const requests = percent(hits / trace.keys.length)
    console.log(
      `  bound ${share * 100} % of all bytes: requests ${requests}, bytes ${percent(hitBytes / allBytes)}`,
    )
  }
}

function reportPhases(): void {
  console.log('\na workload that changes: hit ratio of each phase and of the whole, in percent')
  console.log(`${''.padEnd(12)}${phaseNames.map((name) => name.padStart(11)).join('')}      whole`)
  for (const share of [undefined, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1]) {
    const { label, ratios, total, shares } = runPhases(share)
    console.log(
      `${label.padEnd(12)}${ratios.map((ratio) => percent(ratio).padStart(11)).join('')} ${percent(total).padStart(10)}`,
    )
    if (share === undefined)
      console.log(`  window over time, in percent of the bound: ${shares.map((s) => s * 100).join(' ')}`)
  }
}

function reportPatterns(): void {
  console.log(
    `\npatterns that no trace has: LRU / ours (worst of the seeds ${SEEDS.join(', ')} above LRU, in points)`,
  )
  console.log(`${''.padEnd(46)}${patternSizes.map((size) => String(size).padStart(21)).join('')}`)
  const below: { cell: string; points: number }[] = []
  for (const name of patternNames) {
    const columns = patternSizes.map((size) => {
      const runs = SEEDS.map((seed) => {
        const keys = patternKeys(name, size, seed)
        return { lru: lruRatio(keys, size), ours: ourRatio(keys, size, seed) }
      })
      const points = 100 * Math.min(...runs.map(({ lru, ours }) => ours - lru))
      below.push({ cell: `${name} @${size}`, points })
      const [lru, ours] = [mean(runs.map((run) => run.lru)), mean(runs.map((run) => run.ours))]
      return `${(100 * lru).toFixed(1)} / ${(100 * ours).toFixed(1)} (${points.toFixed(1)})`.padStart(21)
    })
    console.log(`${name.padEnd(46)}${columns.join('')}`)
  }
  below.sort((a, b) => a.points - b.points)
  figure('points below LRU, worst cell of patterns', -below[0]!.points)
  const worst = below.slice(0, 6).map(({ cell, points }) => `${cell} ${points.toFixed(2)}`)
  console.log(`  farthest below LRU, worst seed, in points: ${worst.join('; ')}`)
  console.log(
    `  cells more than 3 points below: ${below.filter(({ points }) => points < -3).length} of ${below.length}`,
  )
}

if (!process.argv.includes('patterns')) {
  reportPhases()
  reportByEntries()
  reportByWeight()
}
reportPatterns()
