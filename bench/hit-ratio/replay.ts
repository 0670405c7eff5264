import { BoundedMap } from '../../src/memory/bounded-map.ts'
import { SeededRandom } from '../../src/testing/random.ts'
import type { Trace } from './traces.ts'

/** Plays a trace against a map of a size, and returns the hit ratio. */
export function replay(trace: Trace, size: number, seed: number): number {
  const map = new BoundedMap<number, number>({ maxEntries: size, random: new SeededRandom(seed).next })
  let hits = 0
  for (const key of trace.keys) {
    if (map.get(key) === undefined) map.set(key, key)
    else hits++
  }
  return hits / trace.keys.length
}
