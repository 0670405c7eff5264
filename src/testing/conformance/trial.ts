import type { BaseCache } from '../../cache/base-cache.ts'
import type { Duration } from '../../core/duration.ts'
import type { CacheOptions } from '../../core/options.ts'
import type { FakeClock } from '../fake-clock.ts'

/** What a case of the suite is given. */
export interface Trial {
  /** A new, empty cache. */
  readonly cache: BaseCache
  /** Lets time pass for the cache. */
  advance(duration: Exclude<Duration, Date>): Promise<void>
}

/** One promise of the contract and the run that shows it kept. */
export interface ConformanceCase {
  /** What the engine does, in the present tense. */
  readonly name: string
  /** Rejects with an AssertionError when the engine does something else. */
  run(): Promise<void>
}

/** How the suite gets the caches it tries. */
export interface ConformanceTarget {
  /**
   * Makes a new, empty cache with these options (a fake clock, a silent logger, `onError: 'throw'` so that a store
   * in trouble fails the case). The suite closes it.
   */
  create(options: CacheOptions & { readonly clock: FakeClock }): BaseCache | Promise<BaseCache>
}

/** A case before it has a cache. */
export interface CaseDefinition {
  readonly name: string
  readonly run: (trial: Trial) => Promise<void>
}
