import type { AuditFindings, AuditWorld } from '../../simulator/world/audits.ts'
import { FAULT_MIXES } from '../../simulator/world/mixes.ts'
import { World, type WorldReport } from '../../simulator/world/world.ts'
import { ABLATIONS, runWithout } from '../../test/system/simulation/ablations/index.ts'
import { runIntervals } from './intervals.ts'

/**
 * The parts of the judgement: mixes of faults with every rule in force, rules left out, sources that answer differently
 * each time, and intervals.
 */
export type AuditPart = 'mixes' | 'rules' | 'unsteady' | 'intervals'

/** Runs that differ in their seeds only. `name` is a mix, or a rule. */
export interface AuditBatch {
  readonly part: AuditPart
  readonly name: string
  readonly firstSeed: number
  readonly seeds: number
}

/** The results of a batch, or of several of one part and name. */
export interface AuditTally {
  readonly part: AuditPart
  readonly name: string
  seeds: number
  samples: number
  late: number
  notInvalidated: number
  notApplied: number
  storedAgain: number
  /** Seeds with a false alarm, with the first one. */
  falseAlarms: { readonly seed: number; readonly what: string }[]
  /** Seeds with a lasting violation, and those of them in which the auditors found an outdated value. */
  lasting: number
  found: number
  /** The same at the default rate. */
  lastingAtRate: number
  foundAtRate: number
  /** Runs whose interval has the true share in it. */
  covered: number
}

// The bound of a world is 200 ms where that of a service is 3 s.
const SPEED = 3_000 / 200
/** Checks every hit. */
export const EVERY_HIT: AuditWorld = { rate: Infinity, slackMs: 1_000 / SPEED }
/** The default rate and the default slack, for a world that is that much quicker. */
export const DEFAULT_RATE: AuditWorld = { ...EVERY_HIT, rate: 0.2 * SPEED }

export async function runAuditBatch(batch: AuditBatch): Promise<AuditTally> {
  const tally = emptyAuditTally(batch)
  for (let seed = batch.firstSeed; seed < batch.firstSeed + batch.seeds; seed++)
    addAudit(tally, await runOne(batch, seed))
  return tally
}

async function runOne({ part, name }: AuditBatch, seed: number): Promise<AuditTally> {
  if (part === 'intervals') return ofIntervals(await runIntervals(seed))
  if (part === 'rules') return ofRule(name, seed)
  const audit = part === 'unsteady' ? { ...EVERY_HIT, isUnsteady: true } : EVERY_HIT
  const { report, findings } = await playMix(name, seed, audit)
  // An auditor must not make a world break a promise.
  const broken = report.violations.map(({ invariant, message }) => `${invariant}: ${message}`)
  return tallyOf({ part, name }, seed, { ...findings, falseAlarms: [...findings.falseAlarms, ...broken] })
}

async function playMix(
  mix: string,
  seed: number,
  audit: AuditWorld,
): Promise<{ report: WorldReport; findings: AuditFindings }> {
  // Half of the worlds use the further features of the store, and half the other policy.
  const extended = seed % 2 === 0
  const policy = seed % 4 < 2 ? 'strict' : 'available'
  const report = await new World({ seed, faults: FAULT_MIXES[mix]!, policy, extended, audit }).run()
  return { report, findings: report.audit! }
}

async function ofRule(rule: string, seed: number): Promise<AuditTally> {
  const ablation = ABLATIONS.find((one) => one.rule === rule)!
  const play = async (audit: AuditWorld): Promise<AuditFindings> => {
    const audited = { ...ablation, world: { ...ablation.world, audit } }
    const [report] = await runWithout(audited, 1, undefined, seed)
    return report!.audit!
  }
  const every = await play(EVERY_HIT)
  const tally = tallyOf({ part: 'rules', name: rule }, seed, every)
  // A world without a lasting violation shows nothing at a lower rate.
  if (!every.hasLasting) return tally
  const { hasLasting, hasFound } = await play(DEFAULT_RATE)
  if (hasLasting) tally.lastingAtRate++
  if (hasLasting && hasFound) tally.foundAtRate++
  return tally
}

function ofIntervals({ samples, covers }: { samples: number; covers: boolean }): AuditTally {
  const tally = emptyAuditTally({ part: 'intervals', name: 'intervals' })
  return { ...tally, seeds: 1, samples, covered: covers ? 1 : 0 }
}

function tallyOf(
  of: Pick<AuditBatch, 'part' | 'name'>,
  seed: number,
  { samples, late, wrong, falseAlarms, hasLasting, hasFound }: AuditFindings,
): AuditTally {
  const [what] = falseAlarms
  return {
    ...emptyAuditTally(of),
    seeds: 1,
    samples,
    late,
    notInvalidated: wrong['not-invalidated'],
    notApplied: wrong['not-applied'],
    storedAgain: wrong['stored-again'],
    falseAlarms: what === undefined ? [] : [{ seed, what }],
    lasting: hasLasting ? 1 : 0,
    found: hasLasting && hasFound ? 1 : 0,
  }
}

export function emptyAuditTally({ part, name }: Pick<AuditBatch, 'part' | 'name'>): AuditTally {
  const wrong = { notInvalidated: 0, notApplied: 0, storedAgain: 0 }
  const found = { lasting: 0, found: 0, lastingAtRate: 0, foundAtRate: 0, covered: 0 }
  return { part, name, seeds: 0, samples: 0, late: 0, ...wrong, falseAlarms: [], ...found }
}

const COUNTS = [
  'seeds',
  'samples',
  'late',
  'notInvalidated',
  'notApplied',
  'storedAgain',
  'lasting',
  'found',
  'lastingAtRate',
  'foundAtRate',
  'covered',
] as const

export function addAudit(sum: AuditTally, part: AuditTally): void {
  for (const name of COUNTS) sum[name] += part[name]
  sum.falseAlarms = [...sum.falseAlarms, ...part.falseAlarms].sort((a, b) => a.seed - b.seed)
}
