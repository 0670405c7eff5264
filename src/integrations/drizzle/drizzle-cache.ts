import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { durationMs, type Duration } from '../../options/durations.ts'
import { checkOptions } from '../../options/options.ts'
import { spanMs } from '../../options/spans.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { Quarantine } from '../shared/quarantine.ts'
import { hashKey, Queries, tagKey } from './queries.ts'
import { namesOf, type DrizzleCacheConfig, type DrizzleMutation, type Sessioned } from './types.ts'
import { Unwatched } from './unwatched.ts'
import { watchSession } from './watch.ts'

/** Options of {@link DrizzleCache}. */
export interface DrizzleCacheOptions {
  /** Whether every `select` is cached, rather than those with `$withCache()`; default `false`. */
  readonly global?: boolean | undefined
  /** The ttl of a query without one of its own; default: that of the cache. */
  readonly ttl?: Duration | undefined
  /**
   * The time after a write of a database that is not watched, in which queries of its tables are not cached; default 5 s.
   */
  readonly quarantine?: Duration | undefined
}

/**
 * The cache for Drizzle: `queries.watch(drizzle({ client, cache: queries }))`. A write invalidates the queries of its
 * tables after it is committed, and before its own call ends. Queries never fail because of the cache.
 */
export class DrizzleCache {
  readonly #queries: Queries
  readonly #isGlobal: boolean
  readonly #runtime: Runtime
  readonly #unwatched: Unwatched

  /** @throws OptionsError for anything that is not a cache, or a wrong option. */
  constructor(cache: BaseCache, options: DrizzleCacheOptions = {}) {
    this.#runtime = runtimeOf(cache, 'DrizzleCache: cache')
    checkOptions(options, ['global', 'ttl', 'quarantine'], 'DrizzleCache')
    const { global = false, ttl, quarantine = 5 } = options
    const { clock, timers } = this.#runtime
    if (typeof global !== 'boolean')
      throw new OptionsError(`DrizzleCache: global: ${inspect(global)} is not true or false`)
    if (ttl !== undefined) durationMs(ttl, 'DrizzleCache: ttl', clock, this.#runtime.doubts)
    const quarantineMs = spanMs(quarantine, 'DrizzleCache: quarantine')
    this.#queries = new Queries(cache, this.#runtime, ttl)
    this.#isGlobal = global
    const release = (tables: readonly string[]): void => void this.#queries.invalidate({ tables })
    this.#unwatched = new Unwatched(this.#queries, new Quarantine(quarantineMs, { clock, timers, release }))
  }

  /**
   * Returns the database, watched from now on: its writes and transactions tell the cache when they have ended. Give it
   * this cache first: `drizzle({ client, cache })`.
   * @throws OptionsError for a database with another cache.
   */
  watch<Database extends object>(database: Database): Database {
    const sessioned: Sessioned = database
    if (sessioned.$cache !== this || typeof sessioned.session?.prepareQuery !== 'function')
      throw new OptionsError(
        'DrizzleCache: watch: the database was not given this cache: drizzle({ client, cache })',
      )
    watchSession({ cache: this, queries: this.#queries }, sessioned)
    return database
  }

  /** Whether all queries are cached, or those with `$withCache()`. */
  strategy(): 'explicit' | 'all' {
    return this.#isGlobal ? 'all' : 'explicit'
  }

  /** Returns the result of a query of a database that is not watched. Drizzle calls it. */
  async get(
    key: string,
    tables: readonly string[],
    isTag: boolean,
    isAutoInvalidate = false,
  ): Promise<unknown[] | undefined> {
    const own = isTag ? tagKey(key) : hashKey(key)
    return (await this.#unwatched.get(own, tables, isTag, isAutoInvalidate)) as unknown[] | undefined
  }

  /** Stores the result of such a query. Drizzle calls it. */
  async put(
    key: string,
    result: unknown,
    tables: readonly string[],
    isTag: boolean,
    config?: DrizzleCacheConfig,
  ): Promise<void> {
    await this.#unwatched.put(isTag ? tagKey(key) : hashKey(key), result, tables, config)
  }

  /** Invalidates the queries of tables that such a database changes now. Drizzle calls it. */
  async onMutate({ tables = [], tags = [] }: DrizzleMutation): Promise<void> {
    await this.#unwatched.onMutate({ tables: [tables].flat().flatMap(namesOf), tags })
  }

  /**
   * Invalidates the queries of tables that were changed in another way, such as raw SQL or a foreign key. Drizzle makes it
   * `db.$cache.invalidate`.
   */
  get invalidate(): (mutation: DrizzleMutation) => Promise<void> {
    return async (mutation) => this.#queries.invalidate(mutation)
  }

  set invalidate(_: unknown) {
    // Drizzle puts `onMutate` here, which is meant for changes that have not ended.
  }
}
