import type { Family } from '../core/observing/family.ts'
import type { RemoveCause, ReadOutcome, WriteOutcome } from '../core/observing/events.ts'
import type { CallReport, InvalidationReport, LoadReport, Observer } from '../core/observing/observer.ts'
import type { Stored, Tier } from '../core/store.ts'
import type { Runtime } from '../cache/runtime.ts'
import { Templates } from '../keys/template-of.ts'
import { KeyHash } from '../internal/hash.ts'
import { OperationTimes } from './figures/operation-times.ts'
import { FamilyFigures } from './figures/family-figures.ts'
import { HeavyKeys } from './figures/heavy-keys.ts'
import { AWAITED_MASK, KeySample, type KeySampleListener, type Life } from './figures/key-sample.ts'
import { CurveWatch } from './curve/curve-watch.ts'
import { ReadSampling } from './read-sampling.ts'
import { type Looked, ValueLooks } from './figures/value-looks.ts'

/** The number of keys whose lives are followed. */
const SAMPLED_KEYS = 2048
/** The number of keys of each list of hot keys that are counted. */
const HOT_PLACES = 128
/** The hot keys fade by half after so many seconds. */
const HOT_SECONDS = 600
/** The longest time for which an entry is followed. */
const LONGEST_LIFE_MS = 86_400_000

/**
 * Turns what a cache does into figures. One of up to 1,024 reads is looked at in full and stands for the others. Within a
 * stretch, each read also costs a hash of its key and two comparisons. Nothing here grows with the number of keys.
 */
export class Watcher implements Observer, KeySampleListener<FamilyFigures> {
  readonly hotHits: HeavyKeys = new HeavyKeys(HOT_PLACES)
  readonly hotBytes: HeavyKeys = new HeavyKeys(HOT_PLACES)
  readonly hotLoads: HeavyKeys = new HeavyKeys(HOT_PLACES)
  readonly operations: OperationTimes = new OperationTimes()
  readonly curve: CurveWatch
  readonly #runtime: Runtime
  readonly #families = new Map<string, FamilyFigures>()
  readonly #hash: KeyHash
  readonly #keys: KeySample<FamilyFigures>
  readonly #awaited: Uint8Array
  readonly #values: ValueLooks
  readonly #sampling: ReadSampling
  readonly #prefixLength: number
  readonly #templates = new Templates()
  #untilSample = 1
  #seconds = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
    this.#prefixLength = runtime.families.root.prefixLength
    this.#hash = new KeyHash(Math.floor(runtime.random() * 2 ** 32))
    this.#keys = new KeySample(SAMPLED_KEYS, this)
    this.#awaited = this.#keys.awaited
    this.#values = new ValueLooks(runtime.store)
    this.#sampling = new ReadSampling(runtime.random)
    this.curve = new CurveWatch(runtime, () => this.#keys.lost())
  }

  /** The figures of all families. */
  get families(): readonly FamilyFigures[] {
    return [...this.#families.values()]
  }

  /** Does what is to be done once a second. */
  tick(): void {
    this.#sampling.tick()
    this.#values.tick()
    this.curve.tick()
    this.#keys.sweep(this.#runtime.clock.now())
    if (++this.#seconds % HOT_SECONDS !== 0) return
    for (const hot of [this.hotHits, this.hotBytes, this.hotLoads]) hot.fade()
  }

  read(
    family: Family,
    key: string,
    outcome: ReadOutcome,
    tier: Tier | undefined,
    remainingMs: number | undefined,
    stored: Stored | undefined,
  ): void {
    if (--this.#untilSample === 0) this.#sample(family, key, outcome, tier, remainingMs, stored)
    const { curve } = this
    if (curve.isResting) return
    curve.reads++
    const hash = this.#hash.of(key)
    if (this.#awaited[hash & AWAITED_MASK] !== 0) this.#keys.read(hash, this.#runtime.clock.now())
    if (hash >>> 0 < curve.below) curve.read(hash, outcome === 'hit', family)
  }

  load({ family, key, outcome, background, durationMs, keys, ttlMs, stored }: LoadReport): void {
    const figures = this.#figuresOf(family, key)
    const isFailure = outcome === 'failed' || outcome === 'timeout'
    figures.loaded(durationMs, keys, background, isFailure)
    this.hotLoads.add(key.slice(this.#prefixLength), durationMs / keys)
    if (outcome !== 'stored' && outcome !== 'unchanged') return
    const hash = this.#hash.of(key)
    const nowMs = this.#runtime.clock.now()
    const looked = this.#stored(figures, family, key, hash, ttlMs, stored, this.#keys.follows(hash))
    if (outcome === 'unchanged') this.#keys.confirmed(hash, nowMs)
    else this.#keys.loaded(hash, figures, looked?.fingerprint, nowMs, Math.min(ttlMs, LONGEST_LIFE_MS))
  }

  coalesced(family: Family, key: string): void {
    this.#figuresOf(family, key).coalesced++
  }

  write(family: Family, key: string, outcome: WriteOutcome, ttlMs: number, stored: Stored | undefined): void {
    if (outcome !== 'stored') return
    const figures = this.#figuresOf(family, key)
    const hash = this.#hash.of(key)
    this.#keys.written(hash, figures, this.#runtime.clock.now(), Math.min(ttlMs, LONGEST_LIFE_MS))
    this.#stored(figures, family, key, hash, ttlMs, stored, false)
  }

  invalidate({ keys }: InvalidationReport): void {
    const nowMs = this.#runtime.clock.now()
    for (const key of keys) {
      const hash = this.#hash.of(key)
      this.#keys.invalidated(hash, nowMs)
      this.curve.remove(hash)
    }
  }

  remove(key: string, cause: RemoveCause): void {
    if (cause === 'replaced') return
    if (cause === 'evicted') return this.curve.evicted()
    const hash = this.#hash.of(key)
    const isOnRequest = cause === 'deleted' || cause === 'cleared'
    if (isOnRequest) this.curve.remove(hash)
    // Before a server, an entry that leaves the memory of this process lives on.
    if (this.#runtime.store.isShared !== true)
      this.#keys.removed(hash, this.#runtime.clock.now(), isOnRequest)
  }

  call({ operation, durationMs }: CallReport): void {
    this.operations.add(operation, durationMs)
  }

  ended({ family, wasRead, wasInvalidated }: Life<FamilyFigures>): void {
    family.ended(wasRead, wasInvalidated)
  }

  readLater(family: FamilyFigures): void {
    family.readLater()
  }

  reloaded(family: FamilyFigures, afterMs: number, isChanged: boolean): void {
    family.changes.loaded(afterMs, isChanged)
  }

  invalidated(family: FamilyFigures, afterMs: number): void {
    family.changes.invalidated(afterMs)
  }

  #sample(
    family: Family,
    key: string,
    outcome: ReadOutcome,
    tier: Tier | undefined,
    remainingMs: number | undefined,
    stored: Stored | undefined,
  ): void {
    const { weight } = this.#sampling
    this.#untilSample = this.#sampling.next()
    this.curve.look()
    const figures = this.#figuresOf(family, key)
    if (outcome === 'miss') {
      figures.misses += weight
      return
    }
    if (outcome === 'stale') figures.stale += weight
    else figures.hit(tier ?? 'l1', weight)
    const name = key.slice(this.#prefixLength)
    this.hotHits.add(name, weight)
    const bytes = this.#values.look(key, stored, false)?.bytes
    if (bytes !== undefined) this.hotBytes.add(name, bytes * weight)
    const { ttlMs } = figures
    if (ttlMs === Infinity || stored === undefined) return
    const leftMs = remainingMs ?? this.#runtime.store.remainingMs?.(key, stored)
    if (leftMs !== undefined && leftMs <= ttlMs) figures.ages.add(ttlMs - leftMs, weight)
  }

  #stored(
    figures: FamilyFigures,
    family: Family,
    key: string,
    hash: number,
    ttlMs: number,
    stored: Stored | undefined,
    isCompared: boolean,
  ): Looked | undefined {
    figures.ttlMs = ttlMs
    this.curve.stored(hash, family, ttlMs)
    const looked = this.#values.look(key, stored, isCompared)
    if (looked !== undefined) figures.sizes.add(looked.bytes)
    return looked
  }

  #figuresOf(family: Family, key: string): FamilyFigures {
    const template = this.#templates.of(family, key)
    let figures = this.#families.get(template)
    if (figures === undefined) {
      figures = new FamilyFigures(template)
      this.#families.set(template, figures)
    }
    return figures
  }
}
