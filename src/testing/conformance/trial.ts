import type { BaseCache } from '../../cache/base-cache.ts'
import type { Duration } from '../../core/duration.ts'
import type { CacheOptions } from '../../core/options.ts'
import type { FakeClock } from '../fake-clock.ts'

/** What a case of the suite is given. */
export interface Trial {
  /** A new, empty cache. */
  readonly cache: BaseCache
  /** Lets time pass for the cache. Not in real time: there cases look and look again. */
  advance(duration: Exclude<Duration, Date>): Promise<void>
  /** Whether time passes by itself. */
  readonly isRealTime: boolean
  /** Whether `deleteByPrefix` counts what it removes, hidden or not. */
  readonly countsHidden: boolean
  /**
   * Fails unless `ttl` is the seconds that are left of `seconds`: exactly these, but in real time less what may have
   * passed since the case began.
   */
  left(ttl: number | undefined, seconds: number): void
}

/** One promise of the contract and the run that shows it kept. */
export interface ConformanceCase {
  /** What the engine does, in the present tense. */
  readonly name: string
  /** The part of the promise that the run can't look at, and why; absent when it looks at all of it. */
  readonly unseen?: string
  /** Rejects with an AssertionError when the engine does something else. */
  run(): Promise<void>
}

interface AnyTarget {
  /**
   * Whether `deleteByPrefix` counts entries that an invalidated tag hides, too, as on a server that removes them without
   * asking for tags; default `false`.
   */
  readonly countsHidden?: boolean
}

/** How the suite gets the caches it tries. */
export interface ConformanceTarget extends AnyTarget {
  /** Whether entries end by the clock of the options (default), or in time that nobody can put forward. */
  readonly time?: 'fake'
  /**
   * Makes a new, empty cache with these options (a fake clock, a silent logger, `onError: 'throw'` so that a store
   * in trouble fails the case). The suite closes it.
   */
  create(options: CacheOptions & { readonly clock: FakeClock }): BaseCache | Promise<BaseCache>
}

/** The same for caches whose entries end in real time, as those on a server do: cases wait, for a second at most. */
export interface RealTimeConformanceTarget extends AnyTarget {
  /** Its entries end in real time. */
  readonly time: 'real'
  /** Makes a new, empty cache with these options; they name no clock. The suite closes it. */
  create(options: CacheOptions): BaseCache | Promise<BaseCache>
}

/** A case before it has a cache. */
export interface CaseDefinition {
  readonly name: string
  readonly run: (trial: Trial) => Promise<void>
  /** The same where time can't be told to pass; `run` when absent. */
  readonly inRealTime?: (trial: Trial) => Promise<void>
  /** What `inRealTime` can't look at, and why. */
  readonly unseenInRealTime?: string
}
