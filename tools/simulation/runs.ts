import { FAULT_MIXES } from '../../simulator/world/mixes.ts'
import { World, type WorldReport } from '../../simulator/world/world.ts'

export const POLICIES = ['strict', 'available'] as const
export type Policy = (typeof POLICIES)[number]

/** Worlds that differ in their seeds only. */
export interface Batch {
  readonly mix: string
  readonly policy: Policy
  readonly firstSeed: number
  readonly seeds: number
}

/** The results of a batch, or of several of one mix and policy. */
export interface Tally {
  readonly mix: string
  readonly policy: Policy
  seeds: number
  reads: number
  loads: number
  localHits: number
  refusedFills: number
  faults: number
  violations: number
  /** Seeds that violated an invariant, with the first violation. */
  failures: { readonly seed: number; readonly what: string }[]
}

/** Runs one world, as the command line names it. */
export async function runWorld(
  batch: Pick<Batch, 'mix' | 'policy'>,
  seed: number,
  recording = false,
): Promise<WorldReport> {
  const { mix, policy } = batch
  // Every second world uses the further features of the store.
  const extended = seed % 2 === 0
  return new World({ seed, faults: FAULT_MIXES[mix]!, policy, recording, extended }).run()
}

export async function runBatch(batch: Batch): Promise<Tally> {
  const tally = emptyTally(batch)
  for (let seed = batch.firstSeed; seed < batch.firstSeed + batch.seeds; seed++) {
    const report = await runWorld(batch, seed)
    const { reads, loads, localHits, refusedFills, faults, violations } = report
    const [first] = violations
    add(tally, {
      ...emptyTally(batch),
      seeds: 1,
      reads,
      loads,
      localHits,
      refusedFills,
      faults,
      violations: violations.length,
      failures: first === undefined ? [] : [{ seed, what: `${first.invariant}: ${first.message}` }],
    })
  }
  return tally
}

export function emptyTally({ mix, policy }: Pick<Batch, 'mix' | 'policy'>): Tally {
  const counts = { seeds: 0, reads: 0, loads: 0, localHits: 0, refusedFills: 0, faults: 0, violations: 0 }
  return { mix, policy, ...counts, failures: [] }
}

export function add(sum: Tally, part: Tally): void {
  sum.seeds += part.seeds
  sum.reads += part.reads
  sum.loads += part.loads
  sum.localHits += part.localHits
  sum.refusedFills += part.refusedFills
  sum.faults += part.faults
  sum.violations += part.violations
  sum.failures = [...sum.failures, ...part.failures].sort((a, b) => a.seed - b.seed)
}
