// Compares the curve of the hit ratio, drawn by miniature caches, with full replays of recorded traces.
//   npm run bench:curve
//   CACHETTE_TRACES=folder             the folder of the traces; default shared/traces beside the project
// Fails if the mean error, the worst cell or the memory is above its bound.
import { HitRatioCurve, NEVER } from '../../src/analysis/curve/hit-ratio-curve.ts'
import { KeyHash } from '../../src/internal/hash.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import { replay } from '../hit-ratio/replay.ts'
import { loadReference, loadTrace, traceFolder, traceNames, type Trace } from '../hit-ratio/traces.ts'

// Below this size the reference has holes: see the README of the traces.
const LEAST_SIZE = 100
const SEEDS = [1, 2, 3]
const MOST_MEAN = 0.01
const MOST_WORST = 0.06
const MOST_BYTES = 2 ** 20
// As many sizes as the analysis of a cache draws.
const SIZES = 8

interface Cell {
  readonly name: string
  readonly exact: number
  /** The estimate of each seed. */
  readonly estimates: readonly number[]
}

function draw(trace: Trace, sizes: readonly number[], seed: number): HitRatioCurve {
  const random = new SeededRandom(1000 + seed).next
  const hash = new KeyHash(random() * 2 ** 32)
  const curve = new HitRatioCurve(sizes, random)
  for (const key of trace.keys) {
    const hashed = hash.of(key)
    // As if the cache itself held every key: a miniature without it loads it.
    curve.read(hashed, true, 0, NEVER)
  }
  curve.count(trace.keys.length)
  return curve
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function cellsOf(trace: Trace, sizes: readonly number[]): readonly Cell[] {
  const curves = SEEDS.map((seed) => draw(trace, sizes, seed).points())
  return sizes.map((size, index) => ({
    name: `${trace.name}@${size}`,
    exact: mean(SEEDS.map((seed) => replay(trace, size, seed))),
    estimates: curves.map((points) => points[index]!.hitRatio),
  }))
}

/** Returns the bytes that curves of the largest trace take each, garbage excluded. */
function bytesOfCurve(): number | undefined {
  const collect = globalThis.gc
  const trace = loadTrace('c2k-web07')
  if (collect === undefined || trace === undefined) return undefined
  const sizes = Array.from({ length: SIZES }, (_, index) => 1250 * 2 ** index)
  draw(trace, sizes, 9)
  const before = bytesInUse(collect)
  const curves = SEEDS.map((seed) => draw(trace, sizes, seed))
  const bytes = (bytesInUse(collect) - before) / curves.length
  // They are in use until here.
  return curves.every(({ accesses }) => accesses > 0) ? bytes : undefined
}

function bytesInUse(collect: () => unknown): number {
  for (let round = 0; round < 3; round++) void collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function percent(ratio: number): string {
  return (100 * ratio).toFixed(2).padStart(7)
}

function main(): number {
  const reference = loadReference()
  if (reference === undefined) {
    console.log(`SKIPPED: no traces in ${traceFolder}; set CACHETTE_TRACES to their folder`)
    return 0
  }
  const cells: Cell[] = []
  console.log(`hit ratio in percent: full replays, mean of ${SEEDS.length} seeds, and the curve by seed`)
  for (const name of traceNames) {
    const trace = loadTrace(name)
    if (trace === undefined) {
      console.log(`${name}: SKIPPED, its file is absent`)
      continue
    }
    const sizes = [...reference.get(name)!.keys()]
      .filter((size) => size >= LEAST_SIZE)
      .toSorted((a, b) => a - b)
    for (const cell of cellsOf(trace, sizes)) {
      cells.push(cell)
      console.log(`${cell.name.padEnd(22)} ${percent(cell.exact)}   ${cell.estimates.map(percent).join(' ')}`)
    }
  }
  return cells.length === 0 ? 0 : judge(cells)
}

function judge(cells: readonly Cell[]): number {
  const errors = cells.flatMap(({ name, exact, estimates }) =>
    estimates.map((estimate) => ({ name, error: Math.abs(estimate - exact) })),
  )
  errors.sort((a, b) => b.error - a.error)
  const average = mean(errors.map(({ error }) => error))
  const worst = errors[0]!
  const bytes = bytesOfCurve()
  console.log(`\n${cells.length} cells of size ${LEAST_SIZE} and more, ${SEEDS.length} seeds each:`)
  console.log(`  mean absolute error ${average.toFixed(4)} (at most ${MOST_MEAN})`)
  console.log(`  worst cell ${worst.error.toFixed(4)}, ${worst.name} (at most ${MOST_WORST})`)
  console.log(
    `  memory ${bytes === undefined ? 'unknown, run with --expose-gc' : `${Math.round(bytes / 1024)} KB`} (at most ${MOST_BYTES / 1024} KB)`,
  )
  const isGood = average <= MOST_MEAN && worst.error <= MOST_WORST && (bytes ?? 0) <= MOST_BYTES
  if (!isGood) console.error('FAILED: a bound is exceeded')
  return isGood ? 0 : 1
}

process.exitCode = main()
