import type { LocalMemory, LocalSlot } from '../coherence/local-tier.ts'
import type { Logger } from '../core/logging/logger.ts'
import type { Duration } from '../options/durations.ts'
import { checkReadable } from '../options/checks.ts'
import { checkOptions, type CacheOptions } from '../options/options.ts'
import { spanMs } from '../options/spans.ts'
import { valueKeeper, type IsolationOptions } from '../serialization/isolation.ts'
import { entryMap, figuresOf, MEMORY_BOUNDS, type MemoryBounds } from './entry-map.ts'

/** The bounds of the memory of this process in front of a server. */
export interface MemoryTierOptions extends MemoryBounds {
  /** The longest time for which an entry is kept before the server is asked again; default: as long as it lives. */
  readonly ttl?: Duration | undefined
}

/** Refuses anything but {@link MemoryTierOptions}; the bounds are checked by the map. @throws OptionsError */
export function checkTierOptions(l1: unknown, logger?: Logger): asserts l1 is MemoryTierOptions {
  checkReadable(l1, 'l1')
  checkOptions(l1, [...MEMORY_BOUNDS, 'ttl'], 'l1')
  ttlMsOf(l1, logger)
}

/** Returns the memory of a cache with a server. @throws OptionsError */
export function localMemory(
  bounds: MemoryTierOptions,
  options: Pick<CacheOptions, 'clock' | 'timers' | 'random' | 'logger' | 'name'> & IsolationOptions,
): LocalMemory {
  const { admit, view } = valueKeeper(options)
  // The store of the server puts the prefix before keys.
  const form = { storedOf: ({ stored }: LocalSlot) => stored, view }
  const map = entryMap<LocalSlot>(bounds, { ...options, prefix: '' }, form, options.random)
  return { map, admit, view, bounds, ttlMs: ttlMsOf(bounds, options.logger), stats: () => figuresOf(map) }
}

function ttlMsOf({ ttl = Infinity }: MemoryTierOptions, logger: Logger | undefined): number {
  return ttl === Infinity ? Infinity : spanMs(ttl, 'l1: ttl', logger)
}
