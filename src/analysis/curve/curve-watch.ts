import type { Family } from '../../core/observing/family.ts'
import type { Runtime } from '../../cache/runtime.ts'
import type { CurveSnapshot } from '../snapshot.ts'
import { HitRatioCurve, NEVER } from './hit-ratio-curve.ts'

/** The sizes of the curve, in sizes of the cache. */
const MULTIPLES = [1 / 4, 1 / 2, 3 / 4, 1, 1.5, 2, 4, 8]
const DEFAULT_ENTRIES = 10_000
/** The mean error of the method, as `npm run bench:curve` prints it, rounded up. */
const ERROR_OF_METHOD = 0.01
/** The number of accesses in an entry of the cache that are played without a rest. */
const ACCESSES_PER_ENTRY = 32
const LEAST_STRETCH = 20_000
/** The number of accesses that are played in a second on average. More than that is a load for which they cost too much. */
const PLAYED_A_SECOND = 50_000
const SECOND = 1000
/** Counts of an hour ago weigh half. */
const FADE_OF_SECOND = 0.5 ** (1 / 3600)
/** Milliseconds of a tick, the unit of deadlines in the miniatures. */
const TICK_MS = 64

/**
 * Feeds the curve with what a cache does. It plays all accesses of a stretch of 32 for each entry of the cache, and then
 * rests as long as it takes until they were 50,000 a second at most. Most services never have as many.
 */
export class CurveWatch {
  /** The number of reads of all stretches. The owner counts them, because a call for each would cost more. */
  reads = 0
  /** Whether reads are neither counted nor played for a while. */
  isResting = false
  readonly #runtime: Runtime
  readonly #interrupted: () => void
  readonly #ttls = new Map<Family, number>()
  readonly #startedAtMs: number
  #curve: HitRatioCurve | undefined
  #entries = 0
  #stretch = LEAST_STRETCH
  /** The reads at the begin of the stretch, and those that the curve has counted. */
  #began = 0
  #counted = 0
  #beganAtMs = 0
  #restsUntilMs = 0
  #tick = 1

  /** `interrupted` is called when a rest begins or ends. */
  constructor(runtime: Runtime, interrupted: () => void) {
    this.#runtime = runtime
    this.#interrupted = interrupted
    this.#startedAtMs = this.#beganAtMs = runtime.clock.now()
    const { bounds } = runtime.store
    // The number of entries that fit into a bound by weight is known when it is reached.
    if (bounds !== undefined && bounds.maxWeight === undefined && bounds.maxBytes === undefined)
      this.#begin(bounds.maxEntries ?? DEFAULT_ENTRIES)
  }

  /** Hashes below this are to be played. */
  get below(): number {
    return this.#curve?.below ?? 0
  }

  /** Plays a read of a key below {@link below}. */
  read(hash: number, isHit: boolean, family: Family): void {
    this.#curve?.read(hash, isHit, this.#tick, this.#deadline(this.#ttls.get(family) ?? Infinity))
  }

  /** Plays the storing of a value. */
  stored(hash: number, family: Family, ttlMs: number): void {
    this.#ttls.set(family, ttlMs)
    if (!this.isResting) this.#curve?.fill(hash, this.#deadline(ttlMs))
  }

  /** Plays a removal on request. */
  remove(hash: number): void {
    // Also during a rest, because an entry that is gone must not be found after it.
    this.#curve?.remove(hash)
  }

  /** Notes that an entry had to make room. */
  evicted(): void {
    if (this.#curve !== undefined) return
    const { entries } = this.#runtime.store.stats()
    if (entries !== undefined && entries > 0 && this.#runtime.store.bounds !== undefined) this.#begin(entries)
  }

  /** Looks whether a stretch or a rest is over. Called once in a while. */
  look(): void {
    if (!this.isResting && this.reads - this.#began < this.#stretch) return
    const nowMs = this.#runtime.clock.now()
    this.#tick = this.#ticks(nowMs)
    if (this.isResting) {
      if (nowMs >= this.#restsUntilMs) this.#resume(nowMs)
      return
    }
    this.#restsUntilMs = this.#beganAtMs + (this.#stretch / PLAYED_A_SECOND) * SECOND
    if (nowMs < this.#restsUntilMs) this.#rest()
    else this.#resume(nowMs)
  }

  /** Does what is to be done once a second. */
  tick(): void {
    this.look()
    this.#tick = this.#ticks(this.#runtime.clock.now())
    this.#count()
    this.#curve?.fade(FADE_OF_SECOND)
  }

  /** Returns the curve as plain JSON, or `undefined` if there is none. */
  snapshot(): CurveSnapshot | undefined {
    if (this.#curve === undefined) return undefined
    this.#count()
    const points = this.#curve.points().map(({ entries, hitRatio, misses, accesses }) => ({
      entries,
      hitRatio,
      error: Math.max(ERROR_OF_METHOD, (2 * Math.sqrt(misses)) / accesses),
    }))
    if (points.length === 0) return undefined
    return { entries: this.#entries, accesses: Math.round(this.#curve.accesses), points }
  }

  close(): void {
    this.#curve?.close()
  }

  #begin(entries: number): void {
    const sizes = new Set(MULTIPLES.map((multiple) => Math.max(1, Math.round(entries * multiple))))
    this.#curve = new HitRatioCurve([...sizes], this.#runtime.random)
    this.#entries = entries
    this.#counted = this.reads
    this.#stretch = Math.max(LEAST_STRETCH, ACCESSES_PER_ENTRY * entries)
    this.#resume(this.#runtime.clock.now())
  }

  #resume(nowMs: number): void {
    if (this.isResting) this.#interrupted()
    this.isResting = false
    this.#beganAtMs = nowMs
    this.#began = this.reads
  }

  #rest(): void {
    this.isResting = true
    this.#interrupted()
  }

  #count(): void {
    this.#curve?.count(this.reads - this.#counted)
    this.#counted = this.reads
  }

  #deadline(ttlMs: number): number {
    return ttlMs === Infinity ? NEVER : this.#tick + Math.max(1, Math.ceil(ttlMs / TICK_MS))
  }

  #ticks(nowMs: number): number {
    return 1 + Math.floor((nowMs - this.#startedAtMs) / TICK_MS)
  }
}
