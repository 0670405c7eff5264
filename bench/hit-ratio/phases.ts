import { BoundedMap } from '../../src/memory/bounded-map.ts'
import { SeededRandom } from '../../src/testing/random.ts'

const ENTRIES = 1000
const ACCESSES_PER_PHASE = 400_000
const SAMPLES_PER_PHASE = 8

type Phase = (random: () => number) => () => number

// Work that moves on: most accesses go to recent keys, as in a feed. A large window is best.
const recency: Phase = (random) => {
  let newest = 0
  return () => {
    if (random() < 0.4) return 1e9 + newest++
    return 1e9 + Math.max(0, newest - 1 - Math.floor(random() ** 2 * 900))
  }
}

// Some keys are always more popular than others, and the rest is noise. Admission by frequency is best.
const frequency: Phase = (random) => () =>
  random() < 0.5 ? 2e9 + Math.floor(4000 * random() ** 3) : 3e9 + Math.floor(random() * 1e8)

// The same keys over and over, half again as many as fit. Only a cache that refuses most of them finds any.
const scan: Phase = () => {
  let next = 0
  return () => 4e9 + (next++ % (ENTRIES * 1.5))
}

const phases = [
  { name: 'recency', make: recency },
  { name: 'frequency', make: frequency },
  { name: 'scan', make: scan },
] as const

const ROUNDS = 2

export interface PhaseResult {
  readonly label: string
  readonly total: number
  /** Hit ratio of each phase, in order. */
  readonly ratios: readonly number[]
  /** The window's share of the bound over time. */
  readonly shares: readonly number[]
}

/** Returns hit ratios on a workload that changes its nature, with a fixed window or one that adapts. */
export function runPhases(fixedWindowShare: number | undefined): PhaseResult {
  const random = new SeededRandom(11).next
  const map = new BoundedMap<number, number>(
    { maxEntries: ENTRIES, random: new SeededRandom(3).next },
    fixedWindowShare === undefined ? {} : { fixedWindowShare },
  )
  const ratios: number[] = []
  const shares: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const { make } of phases) {
      const nextKey = make(random)
      let hits = 0
      for (let i = 0; i < ACCESSES_PER_PHASE; i++) {
        const key = nextKey()
        if (map.get(key) === undefined) map.set(key, i)
        else hits++
        if (i % (ACCESSES_PER_PHASE / SAMPLES_PER_PHASE) === 0) shares.push(map.stats().windowShare)
      }
      ratios.push(hits / ACCESSES_PER_PHASE)
    }
  }
  const label = fixedWindowShare === undefined ? 'adaptive' : `fixed ${fixedWindowShare * 100} %`
  return { label, total: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length, ratios, shares }
}

export const phaseNames: readonly string[] = Array.from({ length: ROUNDS }, () =>
  phases.map((p) => p.name),
).flat()
