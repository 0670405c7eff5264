import { EntryPolicy } from './entry-policy.ts'
import type { Bounds, EvictionPolicy } from './eviction-policy.ts'
import { WeightPolicy } from './weight-policy.ts'

/** Returns the policy that fits the bounds: by weight if `maxWeight` is finite, else by number of entries. */
export function createPolicy(bounds: Bounds, windowShare: number, capacity: number): EvictionPolicy {
  return bounds.maxWeight === Infinity
    ? new EntryPolicy(bounds, windowShare, capacity)
    : new WeightPolicy(bounds, windowShare, capacity)
}
