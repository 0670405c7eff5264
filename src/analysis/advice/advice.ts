import type { Advice, CurveSnapshot, FamilySnapshot } from '../snapshot.ts'
import { adviseSize, anHour } from './size.ts'
import { adviseTtl } from './ttl.ts'
import { adviseUnread } from './unread.ts'

/** Facts about the cache as a whole. */
export interface AdviceFacts {
  readonly cache: string
  readonly forMs: number
  readonly isShared: boolean
  /** The share of answers that may be out of date. */
  readonly staleShare: number
}

/** Returns all that the figures suggest, the size first. Families without enough evidence have no sentence. */
export function adviceOf(
  families: readonly FamilySnapshot[],
  curve: CurveSnapshot | undefined,
  { cache, forMs, isShared, staleShare }: AdviceFacts,
): readonly Advice[] {
  const reads = sum(families.map((family) => family.reads))
  const misses = sum(families.map((family) => family.misses + family.stale))
  const loads = sum(families.map((family) => family.loads))
  const readsAnHour = anHour(reads, forMs)
  const loadsOfMiss = misses === 0 ? 0 : Math.min(1, loads / misses)
  const size = adviseSize(curve, { cache, readsAnHour, loadsOfMiss, isShared })
  const ofFamilies = families.flatMap((family) => {
    // A ttl matters little to entries that serve nobody.
    const unread = adviseUnread(family)
    return [unread ?? adviseTtl(family, forMs, staleShare)]
  })
  return [size, ...ofFamilies].filter((advice) => advice !== undefined)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
