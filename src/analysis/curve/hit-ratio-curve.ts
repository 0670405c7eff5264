import { BoundedMap } from '../../memory/bounded-map.ts'
import type { Random } from '../../core/time/clock.ts'

const HASHES = 2 ** 32
/** The number of entries in a miniature. Fewer make the curve less exact, more make it dearer. */
const MINIATURE_ENTRIES = 256
/** The value of an entry without a deadline. */
export const NEVER = 0

/** A point of the curve, and the counts that it rests on. */
export interface CurvePoint {
  /** The number of entries of the cache that was simulated. */
  readonly entries: number
  /** The hit ratio that it would have had. */
  readonly hitRatio: number
  /** The misses of its miniature. */
  readonly misses: number
  /** The accesses that the miniature stands for, times the share of keys that it has seen. */
  readonly accesses: number
}

/** A cache in small, which sees the keys whose hash is below a bound. */
interface Miniature {
  readonly entries: number
  readonly share: number
  readonly below: number
  readonly map: BoundedMap<number, number>
  misses: number
}

/**
 * The hit ratio that caches of other sizes would have had, of Cachette's own eviction policy. For each size there is a
 * miniature of at most 256 entries, which sees the same share of the keys, chosen by their hashes (Waldspurger,
 * Saemundsson, Ahmad and Park, "Cache Modeling and Optimization using Miniature Simulations", 2017). A size of 256
 * entries or less is played with all keys.
 *
 * The share of accesses that the sample got differs from the share of its keys, because few keys have most accesses.
 * Hence the hit ratio is one less the misses among the accesses that were to be expected (the correction SHARDS-adj of
 * Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC Construction with SHARDS", 2015). It is right if the keys with
 * most accesses are hits at any size.
 *
 * A value in a miniature is the time of its deadline in ticks, or {@link NEVER}.
 */
export class HitRatioCurve {
  // In ascending order of sizes, hence in descending order of shares.
  readonly #miniatures: readonly Miniature[]
  /** The bound of the largest share. Hashes from here on concern no miniature. */
  readonly below: number
  #accesses = 0

  constructor(sizes: readonly number[], random?: Random, miniatureEntries: number = MINIATURE_ENTRIES) {
    this.#miniatures = [...sizes]
      .toSorted((a, b) => a - b)
      .map((entries) => {
        const share = Math.min(1, miniatureEntries / entries)
        const maxEntries = Math.max(1, Math.round(entries * share))
        const map = new BoundedMap<number, number>({ maxEntries, random })
        return { entries, share, below: share * HASHES, map, misses: 0 }
      })
    this.below = this.#miniatures[0]?.below ?? 0
  }

  /** The number of accesses that were counted. */
  get accesses(): number {
    return this.#accesses
  }

  /** Counts accesses to any keys, of which those with a hash below {@link below} are also played. */
  count(accesses: number): void {
    this.#accesses += accesses
  }

  /**
   * Plays the read of a key. `isHit` says that the cache itself holds it. A miniature without it then has to load it,
   * and keeps it until `deadline`. If the cache lacks it, too, {@link fill} tells whether it was loaded.
   */
  read(hash: number, isHit: boolean, now: number, deadline: number): void {
    const place = hash >>> 0
    for (const miniature of this.#miniatures) {
      if (place >= miniature.below) return
      const { map } = miniature
      const held = map.get(hash)
      if (held !== undefined && (held === NEVER || held > now)) continue
      miniature.misses++
      if (held !== undefined) map.delete(hash)
      if (isHit) map.put(hash, deadline, Infinity)
    }
  }

  /** Plays the storing of a key that was loaded or written. */
  fill(hash: number, deadline: number): void {
    const place = hash >>> 0
    for (const { below, map } of this.#miniatures) {
      if (place >= below) return
      if (!map.replace(hash, deadline)) map.put(hash, deadline, Infinity)
    }
  }

  /** Plays the removal of a key. */
  remove(hash: number): void {
    const place = hash >>> 0
    for (const { below, map } of this.#miniatures) {
      if (place >= below) return
      map.delete(hash)
    }
  }

  /** Plays the removal of all keys. */
  clear(): void {
    for (const { map } of this.#miniatures) map.clear()
  }

  /** Lets what was counted so far weigh `factor` times as much. The miniatures stay as they are. */
  fade(factor: number): void {
    this.#accesses *= factor
    for (const miniature of this.#miniatures) miniature.misses *= factor
  }

  /** Returns a point for each size, in ascending order. There is none before the first access. */
  points(): readonly CurvePoint[] {
    if (this.#accesses === 0) return []
    return this.#miniatures.map(({ entries, share, misses }) => {
      const accesses = this.#accesses * share
      return { entries, hitRatio: Math.max(0, 1 - misses / accesses), misses, accesses }
    })
  }

  /** Ends the timers of the miniatures. */
  close(): void {
    for (const { map } of this.#miniatures) map.close()
  }
}
