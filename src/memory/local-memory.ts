import type { LocalMemory, LocalSlot } from '../coherence/local-tier.ts'
import type { Duration } from '../options/durations.ts'
import type { CacheOptions } from '../options/options.ts'
import { spanMs } from '../options/spans.ts'
import { valueKeeper, type IsolationOptions } from '../serialization/isolation.ts'
import { entryMap, figuresOf, MEMORY_BOUNDS, type MemoryBounds } from './entry-map.ts'

/** The bounds of the memory of this process in front of a server. */
export interface MemoryTierOptions extends MemoryBounds {
  /** The longest time for which an entry is kept before the server is asked again; default: as long as it lives. */
  readonly ttl?: Duration | undefined
}

/** The names of {@link MemoryTierOptions}. */
export const MEMORY_TIER_OPTIONS: readonly (keyof MemoryTierOptions)[] = [...MEMORY_BOUNDS, 'ttl']

/** Returns the memory of a cache with a server. @throws OptionsError */
export function localMemory(
  bounds: MemoryTierOptions,
  options: Pick<CacheOptions, 'clock' | 'timers'> & IsolationOptions,
): LocalMemory {
  const { ttl = Infinity } = bounds
  const { admit, view } = valueKeeper(options)
  const map = entryMap<LocalSlot>(bounds, options, ({ stored }) => view(stored))
  const ttlMs = ttl === Infinity ? Infinity : spanMs(ttl, 'l1: ttl')
  return { map, admit, view, ttlMs, stats: () => figuresOf(map) }
}
