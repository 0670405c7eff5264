import type { BaseCache } from '../../cache/base-cache.ts'
import type { Duration } from '../../options/durations.ts'
import type { CacheOptions } from '../../options/options.ts'
import type { FakeClock } from '../fake-clock.ts'

/** The arguments of a case of the suite. */
export interface Trial {
  /** A new, empty cache. */
  readonly cache: BaseCache
  /** Lets time pass for the cache. In real time cases poll instead. */
  advance(duration: Exclude<Duration, Date>): Promise<void>
  /** Whether time passes by itself. */
  readonly isRealTime: boolean
  /** Whether `deleteByPrefix` counts all removed entries, hidden ones included. */
  readonly countsHidden: boolean
  /**
   * Fails unless `ttl` is the rest of `seconds`. It is exact in fake time. In real time the time since the case began
   * may be missing.
   */
  left(ttl: number | undefined, seconds: number): void
}

/** One promise of the contract and the run that shows it kept. */
export interface ConformanceCase {
  /** The promised behaviour of the engine, in the present tense. */
  readonly name: string
  /** The part of the promise that the run can't check, and the reason. Absent if it checks all of it. */
  readonly unseen?: string | undefined
  /** Runs the case. Rejects with an AssertionError if the engine breaks the promise. */
  run(): Promise<void>
}

interface AnyTarget {
  /**
   * Whether `deleteByPrefix` also counts entries that an invalidated tag hides; default `false`. A server may remove
   * them without a look at their tags.
   */
  readonly countsHidden?: boolean | undefined
}

/** The source of the caches that the suite tests. */
export interface ConformanceTarget extends AnyTarget {
  /** Whether entries end by the clock of the options (default) or in real time. */
  readonly time?: 'fake' | undefined
  /**
   * Returns a new, empty cache with these options: a fake clock, a silent logger, and `onError: 'throw'`. A store in
   * trouble then fails the case. The suite closes the cache.
   */
  create(options: CacheOptions & { readonly clock: FakeClock }): BaseCache | Promise<BaseCache>
}

/** The source of caches whose entries end in real time, as on a server. Cases wait for a second at most. */
export interface RealTimeConformanceTarget extends AnyTarget {
  /** `'real'`: the entries end in real time. */
  readonly time: 'real'
  /** Returns a new, empty cache with these options, which name no clock. The suite closes it. */
  create(options: CacheOptions): BaseCache | Promise<BaseCache>
}

/** A case without its cache. */
export interface CaseDefinition {
  readonly name: string
  readonly run: (trial: Trial) => Promise<void>
  /** The run of the case in real time; default `run`. */
  readonly inRealTime?: (trial: Trial) => Promise<void>
  /** The part that `inRealTime` can't check, and the reason. */
  readonly unseenInRealTime?: string
}
