import { isPromise } from '../core/promise.ts'
import type { Reading, Tier } from '../core/store.ts'
import type { Scope } from './scope.ts'

/** The result of a read that tells more than the value. */
export interface GetResult<V = unknown> {
  /** The value; `undefined` = a miss. */
  readonly value: V | undefined
  /** `'stale'` only if the read accepts stale values. */
  readonly status: 'fresh' | 'stale' | 'miss'
  /** The milliseconds until it is no longer fresh; 0 or less = it is stale, `Infinity` = never. Absent for a miss. */
  readonly remainingMs?: number
  /**
   * The milliseconds that have passed of the default ttl of the cache or namespace. Entries do not tell their own.
   * Absent without a default, or if the entry lives longer than that.
   */
  readonly ageMs?: number
  /** The tier that served it: `'l1'` is the memory of this process, `'l2'` the shared server. Absent for a miss. */
  readonly tier?: Tier
}

const MISS: GetResult<never> = Object.freeze({ value: undefined, status: 'miss' })

/** Reads an entry and tells what it is. Counts as any read does. */
export async function getInFull(
  { runtime, ttlMs }: Scope,
  key: string,
  reading: Reading | undefined,
): Promise<GetResult> {
  const { store, counters, pipeline } = runtime
  const looking = pipeline.reader.look('get', [key], reading)
  const found = (isPromise(looking) ? await looking : looking).get(key)
  const value = found === undefined ? undefined : pipeline.reader.view('get', key, found.stored)
  if (found === undefined || value === undefined) {
    counters.misses++
    return MISS
  }
  const { remainingMs } = found
  const tier = store.tierOf?.(found.stored) ?? 'l1'
  const isFresh = remainingMs > 0
  if (isFresh) counters.hits++
  else {
    counters.misses++
    counters.staleServed.asked++
  }
  const ageMs = ttlMs === Infinity || remainingMs > ttlMs ? undefined : ttlMs - remainingMs
  return {
    value,
    status: isFresh ? 'fresh' : 'stale',
    remainingMs,
    ...(ageMs !== undefined && { ageMs }),
    tier,
  }
}
