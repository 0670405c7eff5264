import { EntryPolicy } from './entry-policy.ts'
import type { Bounds, EvictionPolicy } from './eviction-policy.ts'
import { WeightPolicy } from './weight-policy.ts'

/** The policy that fits the bounds: by number of entries, or by weight where `maxWeight` is finite. */
export function createPolicy(bounds: Bounds, windowShare: number, capacity: number): EvictionPolicy {
  return bounds.maxWeight === Infinity
    ? new EntryPolicy(bounds, windowShare, capacity)
    : new WeightPolicy(bounds, windowShare, capacity)
}
