import type { Advice, CurveSnapshot } from '../snapshot.ts'
import { countText, pointsText, roughText } from './words.ts'

/** The number of reads below which nothing is said of the size. */
export const LEAST_READS = 20_000
/** The gain for which a step to the next size is worth its memory. */
const WORTH = 0.01
/** The loss that a smaller size may have. */
const HARMLESS = 0.005
const HOUR = 3_600_000

/** Facts that the sentence tells besides the curve. */
export interface SizeFacts {
  readonly cache: string
  readonly readsAnHour: number
  /** The share of misses that call a loader. */
  readonly loadsOfMiss: number
  /** Whether a miss asks a server, which may have the entry. */
  readonly isShared: boolean
}

/**
 * Returns the size that the curve suggests, if it is another: larger while each step is worth a point of hit ratio, or
 * smaller as long as it costs less than half a point. It says nothing before 20,000 reads, and nothing if the
 * difference is within the error of the curve, unless the smaller size loses next to nothing.
 */
export function adviseSize(curve: CurveSnapshot | undefined, facts: SizeFacts): Advice | undefined {
  if (curve === undefined || curve.accesses < LEAST_READS) return undefined
  const { points } = curve
  const now = points.findIndex(({ entries }) => entries === curve.entries)
  if (now < 0) return undefined
  let chosen = now
  while (chosen + 1 < points.length && points[chosen + 1]!.hitRatio - points[chosen]!.hitRatio >= WORTH)
    chosen++
  const gain = points[chosen]!.hitRatio - points[now]!.hitRatio
  if (gain > 0 && gain > points[chosen]!.error) return sentenceOf(curve, facts, now, chosen)
  while (chosen > 0 && points[now]!.hitRatio - points[chosen - 1]!.hitRatio <= HARMLESS) chosen--
  return chosen < now ? sentenceOf(curve, facts, now, chosen) : undefined
}

function sentenceOf(
  { points, accesses }: CurveSnapshot,
  { cache, readsAnHour, loadsOfMiss, isShared }: SizeFacts,
  now: number,
  chosen: number,
): Advice {
  const [from, to] = [points[now]!, points[chosen]!]
  const gain = to.hitRatio - from.hitRatio
  const savedAnHour = gain * readsAnHour * (isShared ? 1 : loadsOfMiss)
  const what = isShared ? 'reads of the server' : 'loads'
  const saved = `about ${roughText(Math.abs(savedAnHour))} ${what} an hour ${gain < 0 ? 'more' : 'less'}`
  return {
    kind: 'size',
    sentence: `${cache}: ${countText(from.entries)} -> ${countText(to.entries)} entries: ${pointsText(gain)}, ${saved}`,
    numbers: {
      entries: from.entries,
      proposedEntries: to.entries,
      hitRatio: from.hitRatio,
      proposedHitRatio: to.hitRatio,
      error: to.error,
      savedAnHour,
      reads: accesses,
    },
  }
}

/** Returns a count of a time as one of an hour. */
export function anHour(count: number, forMs: number): number {
  return forMs > 0 ? (count / forMs) * HOUR : 0
}
