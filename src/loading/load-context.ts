import type { Duration } from '../options/durations.ts'
import { OptionsError } from '../core/errors.ts'
import { Computed, settingsWith, type Settings } from '../options/resolve.ts'
import type { CacheState } from './cache-state.ts'

/** The answer of a loader for "the present value is still right"; see {@link LoadContext}. */
export const NOT_MODIFIED: unique symbol = Symbol('not modified')
/** The type of that answer. */
export type NotModified = typeof NOT_MODIFIED

/** The facts for a loader, and its means to say more than a value. All members may be destructured. */
export interface LoadContext<V = unknown> {
  /** The key as the caller gave it. */
  readonly key: string
  /** Aborted if the load is given up, because `hardTimeout` has passed or the cache is closed. A caller that leaves ends no load. */
  readonly signal: AbortSignal
  /**
   * The present value, if the call read one. It is stale, or about to be. `undefined` without `grace`, `refreshAhead`
   * or `forceRefresh`. Read it only, and do not change it.
   */
  readonly stale: V | undefined
  /**
   * Whether the auditor of `cachette/audit` calls the loader, to compare its answer with the cache's. The answer is not
   * stored then.
   */
  readonly audit: boolean
  /**
   * Sets how long the loaded value is fresh, in place of the call's `ttl`, `negativeTtl` and `jitter`. With zero or
   * less, such as the `max-age` of a page that must not be cached, the value is returned and not stored.
   */
  readonly setTtl: (ttl: Duration) => void
  /** Sets how long it may be served as stale after that; zero or less: not at all. */
  readonly setGrace: (grace: Duration | false) => void
  /**
   * Sets tags that the entry bears besides those of the call. If one of them is invalidated during the load, or is not
   * a valid tag, nothing is stored. An invalid tag is logged.
   */
  readonly setTags: (tags: readonly string[]) => void
  /** Sets the row version of the value. The value is not stored if there is a newer one. */
  readonly setRowVersion: (rowVersion: bigint | number) => void
  /** Gives the loaded value to the waiting callers, and stores nothing. */
  readonly doNotStore: () => void
  /**
   * Returns the answer that makes the stale value fresh again; to be returned in place of a value. @throws OptionsError
   * if there is none.
   */
  readonly notModified: () => NotModified
}

/** The run of a load, as far as its loader learns of it. */
export interface LoadSituation {
  readonly signal: AbortSignal
  readonly stale: unknown
  /** Whether the answer is only compared. */
  readonly audit?: boolean
  readonly state: Pick<CacheState, 'clock' | 'doubts'>
}

/** The context of one call of a loader. It keeps what the loader says. */
export class Context implements LoadContext {
  readonly key: string
  /** The settings with which the entry is stored. */
  settings: Settings
  /** Whether it is stored at all. */
  stores = true
  /** Whether the loader has named tags. */
  namedTags = false
  readonly #situation: LoadSituation

  constructor(key: string, settings: Settings, situation: LoadSituation) {
    this.key = key
    this.settings = settings
    this.#situation = situation
  }

  // Made when they are used, because most loaders use none of them, and none needs `this`.
  get signal(): AbortSignal {
    return this.#situation.signal
  }

  get stale(): unknown {
    return this.#situation.stale
  }

  get audit(): boolean {
    return this.#situation.audit === true
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
    const { clock, doubts } = this.#situation.state
    const options = { [option]: option === 'rowVersion' ? value : new Computed(value) }
    this.settings = settingsWith(this.settings, options, [option], name, clock, doubts)
  }
}

/** The answer of a loader of several keys for a key that it leaves out. */
export const ABSENT: unique symbol = Symbol('absent')

/** A loader of one key, whatever its types. */
export type OneLoader = (context: never) => unknown

/** The user's loader, of one key or of several. */
export interface Source {
  /** Calls the loader for some full keys; `contexts` in their order. */
  call(keys: readonly { readonly key: string }[], contexts: readonly Context[]): unknown
  /** Returns the lookup of a full key in the loader's answer; {@link ABSENT} for a key that it left out. */
  pick(loaded: unknown): (key: string) => unknown
  /** Returns the key as the caller gave it. */
  nameOf(key: string): string
}

/** A loader of one key. */
export class SingleSource implements Source {
  readonly #name: string
  readonly #loader: OneLoader

  constructor(name: string, loader: OneLoader) {
    this.#name = name
    this.#loader = loader
  }

  call(_: unknown, contexts: readonly Context[]): unknown {
    return this.#loader(contexts[0] as LoadContext as never)
  }

  pick(loaded: unknown): (key: string) => unknown {
    return () => loaded
  }

  nameOf(): string {
    return this.#name
  }
}
