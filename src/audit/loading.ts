import { isPromise } from '../core/promise.ts'
import { NO_TAGS } from '../keys/tags.ts'
import type { CacheState } from '../loading/cache-state.ts'
import { Flight } from '../loading/flight.ts'
import { ABSENT, Context, NOT_MODIFIED, type Source } from '../loading/load-context.ts'
import { beginLoader, endLoader } from '../loading/recursion.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Pauses } from './pauses.ts'

/** The answer of a loader; `undefined` = it failed, took too long, or has an answer that would not be stored. */
export type Loaded = { readonly value: unknown } | undefined

/** Calls loaders beside the pipeline: it holds no lease, stores nothing, and no caller joins it. */
export class AuditLoads {
  readonly #state: CacheState
  readonly #pauses: Pauses
  readonly #longestMs: number

  constructor(state: CacheState, pauses: Pauses, longestMs: number) {
    this.#state = state
    this.#pauses = pauses
    this.#longestMs = longestMs
  }

  /** Returns the answer of the loader for a full key. */
  async load(key: string, source: Source, settings: LoadSettings): Promise<Loaded> {
    const ending = new AbortController()
    const situation = { signal: ending.signal, stale: undefined, audit: true, state: this.#state }
    const context = new Context(source.nameOf(key), settings, situation)
    const flight = this.#flight(key, settings)
    const limitMs = Math.min(settings.hardTimeoutMs ?? Infinity, this.#longestMs)
    try {
      const answer = beginLoader(flight, source, [flight], [context])
      const loading = Promise.resolve(answer).then((value) => [value] as const)
      const loaded = isPromise(answer) ? await this.#pauses.within(loading, limitMs) : ([answer] as const)
      if (loaded === undefined || !isKept(context) || loaded[0] === NOT_MODIFIED) return undefined
      const value = source.pick(loaded[0])(key)
      return { value: value === ABSENT ? undefined : value }
    } catch {
      return undefined
    } finally {
      endLoader(flight)
      ending.abort()
    }
  }

  // A flight of no pipeline, by which the loader's own calls know that a loader makes them.
  #flight(key: string, { reading }: LoadSettings): Flight {
    const nowMs = this.#state.clock.now()
    const lease = { key, tags: reading?.tags ?? NO_TAGS, dead: true }
    return new Flight(this, lease, reading ?? {}, nowMs, nowMs, undefined, undefined)
  }
}

// An answer that is not to be stored says nothing about a stored one.
function isKept({ stores, settings }: Context): boolean {
  return stores && settings.ttlMs > 0 && settings.unfit === undefined
}
