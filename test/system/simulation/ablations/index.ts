import { FAULT_MIXES } from '../../../../simulator/world/mixes.ts'
import { World, type WorldReport } from '../../../../simulator/world/world.ts'
import { LEASES } from './leases.ts'
import { LOG } from './log.ts'
import { ORDER, OUTBOX, PREFIXES } from './outbox-and-prefixes.ts'
import type { Ablation } from './switches.ts'
import { TAGS } from './tags.ts'
import { TIER } from './tier.ts'

export type { Ablation } from './switches.ts'

/** The rules that have a switch. */
export const ABLATIONS: readonly Ablation[] = [
  ...LEASES,
  ...TIER,
  ...LOG,
  ...OUTBOX,
  ...ORDER,
  ...PREFIXES,
  ...TAGS,
]

/** Runs worlds without a rule, one seed after the other, until `isEnough` or there are no more. */
export async function runWithout(
  { mix, world, settings, patch }: Ablation,
  seeds: number,
  isEnough: (report: WorldReport) => boolean = () => false,
  firstSeed = 1,
): Promise<readonly WorldReport[]> {
  const restore = patch?.()
  try {
    const reports: WorldReport[] = []
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const options = {
        seed,
        faults: FAULT_MIXES[mix]!,
        policy: 'strict',
        ...world,
        ...(settings && { settings }),
      } as const
      reports.push(await new World(options).run())
      if (isEnough(reports.at(-1)!)) break
    }
    return reports
  } finally {
    restore?.()
  }
}

/** Returns the same worlds with the rule in force. */
export function withRule({ rule, without, mix, world }: Ablation): Ablation {
  const { rewire: _, ...rest } = world ?? {}
  return { rule, without, mix, world: rest }
}
