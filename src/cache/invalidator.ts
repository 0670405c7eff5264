import { OptionsError } from '../core/errors.ts'
import type { InvalidateOptions, Invalidation } from '../core/store.ts'
import { UNREACHED_TOKEN } from '../core/token.ts'
import type { Runtime } from './runtime.ts'
import type { Scope } from './scope.ts'

/** Options of `invalidateTag`. */
export interface TagInvalidation {
  /**
   * Whether an entry with grace becomes stale, to be served until it is loaded anew; others are gone. Default `false`.
   */
  readonly keepStale?: boolean | undefined
}

/** Options of `invalidate`. */
export interface KeyInvalidation extends TagInvalidation {
  /**
   * The version that the value has now in its source, from 0 to 2^64 - 1. An entry with a higher version stays. A value
   * with a lower version is refused for a minute.
   */
  readonly rowVersion?: bigint | number | undefined
}

/** Invalidates the entries of a scope by key, by tag or by prefix. */
export class Invalidator {
  readonly #scope: Scope
  readonly #runtime: Runtime

  constructor(scope: Scope) {
    this.#scope = scope
    this.#runtime = scope.runtime
  }

  /** Invalidates full keys and tags; rejects only under `onError: 'throw'`. */
  async run(
    operation: string,
    keys: readonly string[],
    tags: readonly string[],
    options?: InvalidateOptions,
  ): Promise<Invalidation> {
    const { store, trouble } = this.#runtime
    const { counters } = this.#scope.family
    const done = await trouble.attempt(operation, () => store.invalidate(keys, tags, options), counters)
    if (done === undefined) {
      this.#scope.invalidated(operation, { keys, tags, removed: 0, l1: 'dropped', l2: 'none' })
      return { l1: 'dropped', l2: 'none', token: UNREACHED_TOKEN }
    }
    const { l1, l2, token, removed, error } = done
    this.#scope.invalidated(operation, { keys, tags, removed, l1, l2 })
    if (error !== undefined) trouble.failed(operation, error, counters)
    return { l1, l2, token }
  }

  /**
   * Removes every key of the scope that begins with `prefix`; `undefined` = the store is in trouble.
   * @throws OptionsError if that would be every key of a database that others use.
   */
  async prefix(operation: string, prefix: string): Promise<number | undefined> {
    const { store, trouble } = this.#runtime
    const full = this.#scope.prefixed(prefix)
    if (full === '' && store.ownsAll === false)
      throw new OptionsError(
        `${operation}: without a prefix this would remove every key of the database, whoever wrote it; ` +
          'give the cache a prefix, or ownsDatabase: true',
      )
    const { reading } = this.#scope
    const { counters } = this.#scope.family
    const count = await trouble.attempt(operation, () => store.deleteByPrefix(full, reading), counters)
    const l2 = count === undefined ? 'dropped' : 'acked'
    this.#scope.invalidated(operation, { prefix: full, removed: count ?? 0, l2 })
    return count
  }

  /** Removes all entries of the scope, by its tag if they bear one. `true` = done. */
  async clear(): Promise<boolean> {
    this.#scope.assertOpen()
    const { ownTag } = this.#scope
    if (ownTag === undefined) return (await this.prefix('clear', '')) !== undefined
    const { l1, l2 } = await this.run('clear', [], [ownTag])
    return l1 === 'acked' && l2 !== 'queued' && l2 !== 'dropped'
  }
}
