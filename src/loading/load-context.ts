import type { Clock } from '../core/time/clock.ts'
import type { Doubts } from '../core/logging/doubts.ts'
import type { Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { Computed, settingsWith, type Settings } from '../options/resolve.ts'

/** What a loader answers for "the present value is still right"; see {@link LoadContext}. */
export const NOT_MODIFIED: unique symbol = Symbol('not modified')
/** The type of that answer. */
export type NotModified = typeof NOT_MODIFIED

/** What a loader is told, and how it can say more than a value. All of it may be destructured. */
export interface LoadContext<V = unknown> {
  /** The key as the caller gave it. */
  readonly key: string
  /** Aborted when nobody is going to use what the loader makes: `hardTimeout` has passed, or all callers have left. */
  readonly signal: AbortSignal
  /**
   * The present value, if the call read one: it is stale, or about to be. `undefined` without `grace`, `refreshAhead` or
   * `forceRefresh`. To be read only.
   */
  readonly stale: V | undefined
  /**
   * How long what is loaded is fresh, in place of the call's `ttl`, `negativeTtl` and `jitter`. Zero or less, such as the
   * `max-age` of a page that nobody is to cache: it is returned and not stored.
   */
  readonly setTtl: (ttl: Duration) => void
  /** For how long after that it may be served as stale; zero or less: not at all. */
  readonly setGrace: (grace: Duration | false) => void
  /**
   * Tags that the entry bears besides those of the call. If one is invalidated during the load, or can't be a tag, nothing
   * is stored; the latter is logged.
   */
  readonly setTags: (tags: readonly string[]) => void
  /** The version of the value: it is not stored when there is a newer one. */
  readonly setRowVersion: (rowVersion: bigint | number) => void
  /** Gives what is loaded to those who wait, and stores nothing. */
  readonly doNotStore: () => void
  /** To be returned in place of a value: the stale value is fresh again. @throws OptionsError when there is none. */
  readonly notModified: () => NotModified
}

/** What a loader is told by whoever runs it. */
export interface LoadSituation {
  readonly signal: AbortSignal
  readonly stale: unknown
}

/** How a loader's durations are read. */
export interface LoadTimes {
  readonly clock: Clock
  readonly doubts: Doubts
}

/** The context of one call of a loader; keeps what the loader says. */
export class Context implements LoadContext {
  readonly key: string
  /** How the entry is to be stored. */
  settings: Settings
  /** Whether it is to be stored at all. */
  stores = true
  /** Whether the loader has named tags. */
  namedTags = false
  readonly #situation: LoadSituation
  readonly #times: LoadTimes

  constructor(key: string, settings: Settings, situation: LoadSituation, times: LoadTimes) {
    this.key = key
    this.settings = settings
    this.#situation = situation
    this.#times = times
  }

  // Made when they are asked for: most loaders ask for nothing, and none needs `this`.
  get signal(): AbortSignal {
    return this.#situation.signal
  }

  get stale(): unknown {
    return this.#situation.stale
  }

  get setTtl(): LoadContext['setTtl'] {
    return (ttl) => {
      this.#set('setTtl', 'ttl', ttl)
      this.settings = { ...this.settings, negativeTtlMs: undefined, jitter: undefined }
    }
  }

  get setGrace(): LoadContext['setGrace'] {
    return (grace) => this.#set('setGrace', 'grace', grace)
  }

  get setTags(): LoadContext['setTags'] {
    return (tags) => {
      this.#set('setTags', 'tags', tags)
      this.namedTags = true
    }
  }

  get setRowVersion(): LoadContext['setRowVersion'] {
    return (rowVersion) => this.#set('setRowVersion', 'rowVersion', rowVersion)
  }

  get doNotStore(): LoadContext['doNotStore'] {
    return () => {
      this.stores = false
    }
  }

  get notModified(): LoadContext['notModified'] {
    return () => {
      if (this.stale !== undefined) return NOT_MODIFIED
      throw new OptionsError(`notModified: there is no stale value of '${this.key}'; look at \`stale\` first`)
    }
  }

  #set(name: string, option: 'ttl' | 'grace' | 'tags' | 'rowVersion', value: unknown): void {
    const { clock, doubts } = this.#times
    const options = { [option]: option === 'rowVersion' ? value : new Computed(value) }
    this.settings = settingsWith(this.settings, options, [option], name, clock, doubts)
  }
}
