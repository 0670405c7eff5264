import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import type { Random } from '../../core/time/clock.ts'
import { isList } from '../../internal/objects.ts'
import { checkReadable } from '../../options/checks.ts'
import { BoundedMap } from '../../memory/bounded-map.ts'
import type { Trace, TraceRecord } from './read-trace.ts'

/** The policies that a trace can be played with: Cachette's own, and least recently used. */
export type SimulatedPolicy = 'cachette' | 'lru'

/** The result of a trace for a cache of one size. */
export interface Simulated {
  /** The policy of the cache that was played. */
  readonly policy: SimulatedPolicy
  /** The number of entries that the cache has room for. */
  readonly entries: number
  /** The number of reads in the trace. */
  readonly reads: number
  /** The share of reads that found a fresh entry. */
  readonly hitRatio: number
  /** The reads that found none, and refreshes of entries. Each calls a loader. */
  readonly loads: number
  /** The time that these loads take, as far as the trace has the times of loads of the key or its family. */
  readonly loadMs: number
}

const ALWAYS_THE_SAME: Random = () => 0.5
const POLICIES: readonly SimulatedPolicy[] = ['cachette', 'lru']

/** The part of a map that playing a trace needs. Values are times at which entries are over. */
interface PlayedMap {
  get(key: number): number | undefined
  put(key: number, endsAtMs: number): void
  /** Replaces the end of an entry without a use of it. Returns whether there is one. */
  renew(key: number, endsAtMs: number): boolean
  delete(key: number): void
}

/**
 * Plays a trace with caches of other sizes, with Cachette's policy and with LRU, and returns the results in the order of
 * `sizes`. A trace of a share of the keys is played with that share of the size. A read that finds no fresh entry loads
 * it, unless nothing in the trace was ever stored under the key. Entries live as long as those of the trace. The results
 * are the same each time.
 * @throws OptionsError for a size that is not a whole number above 0.
 */
export function simulate(
  trace: Trace,
  sizes: readonly number[],
  random: Random = ALWAYS_THE_SAME,
): readonly Simulated[] {
  checkReadable(trace, 'simulate: trace')
  if (!isList(trace.records)) throw new OptionsError('simulate: trace: this is not a trace of readTrace')
  if (!isList(sizes)) throw new OptionsError(`simulate: sizes: ${inspect(sizes)} is not a list`)
  for (const size of sizes) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new OptionsError(`simulate: sizes: ${inspect(size)} is not a whole number above 0`)
  }
  const known = knowledgeOf(trace.records)
  return sizes.flatMap((entries) =>
    POLICIES.map((policy) => {
      const places = Math.max(1, Math.round(entries * trace.share))
      const map = policy === 'lru' ? new LruMap(places) : new PolicyMap(places, random)
      return { policy, entries, ...play(trace.records, map, known) }
    }),
  )
}

interface Knowledge {
  /** The time to live of each key that was ever stored. */
  readonly ttls: ReadonlyMap<number, number>
  readonly costs: ReadonlyMap<number, number>
  readonly familyCosts: ReadonlyMap<string, number>
}

// A key that was hit was stored before the trace began, if nothing in it tells of that.
function knowledgeOf(records: readonly TraceRecord[]): Knowledge {
  const ttls = new Map<number, number>()
  const costs = new Map<number, number>()
  const sums = new Map<string, { sum: number; count: number }>()
  for (const { kind, key, family, ttlMs, costMs } of records) {
    if (ttlMs !== undefined && !ttls.has(key)) ttls.set(key, ttlMs)
    if (costMs === undefined || kind === 'write') continue
    costs.set(key, costMs)
    const sum = sums.get(family) ?? { sum: 0, count: 0 }
    sums.set(family, { sum: sum.sum + costMs, count: sum.count + 1 })
  }
  for (const { kind, key } of records) if (kind === 'hit' && !ttls.has(key)) ttls.set(key, Infinity)
  const familyCosts = new Map([...sums].map(([family, { sum, count }]) => [family, sum / count]))
  return { ttls, costs, familyCosts }
}

function play(
  records: readonly TraceRecord[],
  map: PlayedMap,
  { ttls, costs, familyCosts }: Knowledge,
): Pick<Simulated, 'reads' | 'hitRatio' | 'loads' | 'loadMs'> {
  let [reads, hits, loads, loadMs] = [0, 0, 0, 0]
  // Keys whose read was played with a load that the trace tells of later, if its own read loaded, too.
  const loaded = new Set<number>()
  const load = ({ key, family }: TraceRecord): void => {
    loads++
    loadMs += costs.get(key) ?? familyCosts.get(family) ?? 0
  }
  for (const record of records) {
    const { kind, key, atMs, ttlMs = Infinity } = record
    if (kind === 'remove') map.delete(key)
    else if (kind === 'write') map.put(key, atMs + ttlMs)
    else if (kind === 'load' || kind === 'refresh') {
      const isHeld = map.renew(key, atMs + ttlMs)
      // A refresh of an entry that was fresh when it was read, which this cache would do, too.
      if (!loaded.delete(key) && isHeld && kind === 'refresh') load(record)
    } else {
      reads++
      if ((map.get(key) ?? -Infinity) > atMs) {
        hits++
        continue
      }
      const ttl = ttls.get(key)
      if (ttl === undefined) continue
      load(record)
      loaded.add(key)
      map.put(key, atMs + ttl)
    }
  }
  return { reads, hitRatio: reads === 0 ? 0 : hits / reads, loads, loadMs }
}

class PolicyMap implements PlayedMap {
  readonly #map: BoundedMap<number, number>

  constructor(entries: number, random: Random) {
    this.#map = new BoundedMap({ maxEntries: entries, random })
  }

  get(key: number): number | undefined {
    return this.#map.get(key)
  }

  put(key: number, endsAtMs: number): void {
    this.#map.put(key, endsAtMs, Infinity)
  }

  renew(key: number, endsAtMs: number): boolean {
    return this.#map.replace(key, endsAtMs)
  }

  delete(key: number): void {
    this.#map.delete(key)
  }
}

class LruMap implements PlayedMap {
  readonly #map = new Map<number, number>()
  readonly #entries: number

  constructor(entries: number) {
    this.#entries = entries
  }

  get(key: number): number | undefined {
    const endsAtMs = this.#map.get(key)
    if (endsAtMs === undefined) return undefined
    this.#map.delete(key)
    this.#map.set(key, endsAtMs)
    return endsAtMs
  }

  put(key: number, endsAtMs: number): void {
    if (!this.#map.delete(key) && this.#map.size === this.#entries) {
      for (const oldest of this.#map.keys()) {
        this.#map.delete(oldest)
        break
      }
    }
    this.#map.set(key, endsAtMs)
  }

  renew(key: number, endsAtMs: number): boolean {
    if (!this.#map.has(key)) return false
    this.#map.set(key, endsAtMs)
    return true
  }

  delete(key: number): void {
    this.#map.delete(key)
  }
}
