import type { OpenRead } from '../shared/open-read.ts'
import type { Quarantine } from '../shared/quarantine.ts'
import type { Queries } from './queries.ts'
import type { DrizzleCacheConfig, DrizzleMutation } from './types.ts'

/** The executions of one prepared query that are under way. */
interface Open {
  count: number
  /** The load of the only one; `undefined` = there were several, of which none is stored. */
  read: OpenRead | undefined
}

/**
 * The queries of a database that is not watched. Drizzle calls `put` without saying for which `get`. They belong
 * together if the list of tables is the same object, which all executions of one prepared query share.
 */
export class Unwatched {
  readonly #queries: Queries
  readonly #quarantine: Quarantine
  readonly #open = new WeakMap<object, Open>()

  constructor(queries: Queries, quarantine: Quarantine) {
    this.#queries = queries
    this.#quarantine = quarantine
  }

  /** Returns the result of a query; `undefined` if it has to be run. */
  async get(key: string, tables: readonly string[], isTag: boolean, invalidates: boolean): Promise<unknown> {
    // Without invalidation by table Drizzle passes another list to `put`.
    if (!invalidates || (tables.length === 0 && !isTag) || this.#quarantine.holds(tables)) return undefined
    const open = this.#open.get(tables) ?? { count: 0, read: undefined }
    this.#open.set(tables, open)
    // A query that has failed stores nothing, and is not heard of again.
    if (open.read?.isOver === true) open.count = 0
    open.count++
    if (open.count > 1) {
      open.read?.abandon()
      open.read = undefined
      return undefined
    }
    const read = await this.#queries.read(key, tables, false)
    if (read.value !== undefined) open.count--
    else if (open.count === 1) open.read = read
    else read.abandon()
    return read.value
  }

  /** Stores the result of a query. */
  async put(
    _: string,
    result: unknown,
    tables: readonly string[],
    config: DrizzleCacheConfig | undefined,
  ): Promise<void> {
    const open = this.#open.get(tables)
    if (open === undefined) return
    open.count--
    if (open.count === 0) this.#open.delete(tables)
    if (open.read === undefined) return
    if (this.#quarantine.holds(tables)) open.read.abandon()
    else await this.#queries.store(open.read, result, config)
  }

  /** Holds the tables, and invalidates their queries now and when the hold ends. */
  async onMutate(mutation: DrizzleMutation & { readonly tables: readonly string[] }): Promise<void> {
    this.#quarantine.hold(mutation.tables)
    await this.#queries.invalidate(mutation)
  }
}
