import { isPromise } from '../../core/promise.ts'
import type { OpenRead } from '../shared/open-read.ts'
import { tablesReadBy, tablesWrittenBy } from '../shared/sql.ts'
import { queryKey, tagKey, type Queries } from './queries.ts'
import type { DrizzleCacheConfig, DrizzleMutation, PreparedQuery, Session, Sessioned } from './types.ts'

/** The tables that a transaction has changed so far. */
type Changed = Set<string>

/** The cache that a database was given, and its queries. */
export interface Watched {
  readonly cache: object
  readonly queries: Queries
}

/**
 * The cache of one execution of a query, in place of that of the database. It knows when the query or its transaction
 * ends, which Drizzle does not tell a cache.
 */
class Execution {
  /** The end of the query; `undefined` = it has not begun. */
  ended: Promise<unknown> | undefined = undefined
  readonly #queries: Queries
  readonly #changed: Changed | undefined
  readonly #key: string | undefined
  readonly #text: string
  // The tables that a CTE writes, of which Drizzle tells nothing.
  readonly #written: readonly string[]
  #isTold = false
  #read: OpenRead | undefined = undefined

  constructor(queries: Queries, changed: Changed | undefined, key: string | undefined, text: string) {
    this.#queries = queries
    this.#changed = changed
    this.#key = key
    this.#text = text
    this.#written = /^\s*with\b/i.test(text) ? tablesWrittenBy(text) : []
  }

  // A transaction reads from the database, because it sees its own changes and may see an old state of everything else.
  async get(_: string, tables: readonly string[], __: boolean, invalidates = false): Promise<unknown> {
    if (this.#changed !== undefined || this.#key === undefined || this.#written.length > 0) return undefined
    if (invalidates && tables.length === 0 && !this.#key.startsWith('tag:')) return undefined
    // Drizzle names no table of a subquery.
    const all = invalidates ? [...new Set([...tables, ...tablesReadBy(this.#text)])] : []
    this.#read = await this.#queries.read(this.#key, all, true)
    return this.#read.value
  }

  async put(
    _: string,
    result: unknown,
    __: readonly string[],
    ___: boolean,
    config?: DrizzleCacheConfig,
  ): Promise<void> {
    if (this.#read !== undefined) await this.#queries.store(this.#read, result, config)
  }

  async onMutate({ tables = [] }: DrizzleMutation): Promise<void> {
    this.#isTold = true
    const changed = [tables].flat().filter((table) => typeof table === 'string')
    // After an error, too, because the database may have committed before the connection was lost.
    await this.ended?.catch(() => undefined)
    await this.#change([...changed, ...this.#written])
  }

  /** Runs the query. If it fails, its load ends. */
  async run(query: () => Promise<unknown>): Promise<unknown> {
    try {
      return await query()
    } catch (error) {
      this.#read?.abandon()
      throw error
    } finally {
      if (!this.#isTold && this.#written.length > 0) await this.#change(this.#written)
    }
  }

  async #change(tables: readonly string[]): Promise<void> {
    if (this.#changed === undefined) await this.#queries.invalidate({ tables })
    else for (const table of tables) this.#changed.add(table)
  }
}

/** Replaces the session of a database or transaction by one whose queries and transactions are watched. */
export function watchSession(watched: Watched, database: Sessioned, changed?: Changed): void {
  const { session } = database
  if (session === undefined) return
  const own: Session = Object.create(session) as Session
  own.prepareQuery = (...args) => watchQuery(watched, session.prepareQuery!(...args), changed)
  own.transaction = (run, ...rest) => {
    const tables: Changed = changed ?? new Set()
    const begin = (transaction: Sessioned): unknown => {
      watchSession(watched, transaction, tables)
      return run(transaction)
    }
    const end = (): Promise<void> => watched.queries.invalidate({ tables: [...tables] })
    const result = session.transaction!(begin, ...rest)
    if (changed !== undefined) return result
    if (isPromise(result)) return endedBy(result, end)
    void end()
    return result
  }
  database.session = own
}

async function endedBy<T>(running: PromiseLike<T>, end: () => Promise<void>): Promise<T> {
  try {
    return await running
  } finally {
    await end()
  }
}

function watchQuery(watched: Watched, prepared: PreparedQuery, changed: Changed | undefined): PreparedQuery {
  const { queryWithCache } = prepared
  if (queryWithCache === undefined || prepared.cache !== watched.cache) return prepared
  prepared.queryWithCache = async (text, params, query) => {
    const { cacheConfig } = prepared
    const tag = cacheConfig?.tag
    const execution = new Execution(
      watched.queries,
      changed,
      tag === undefined ? queryKey(text, params) : tagKey(tag),
      text,
    )
    // Any tag keeps Drizzle from hashing the query, which fails for a BigInt.
    const own = Object.create(prepared, {
      cache: { value: execution },
      cacheConfig: { value: cacheConfig && { ...cacheConfig, tag: tag ?? '' } },
    }) as PreparedQuery
    return queryWithCache.call(own, text, params, () => (execution.ended = execution.run(query)))
  }
  return prepared
}
