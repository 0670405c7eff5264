import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { checkOptions } from '../../options/options.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { OpenRead } from '../shared/open-read.ts'
import { invalidateTables, tableTags } from '../shared/query-tags.ts'
import { quiet } from '../shared/quiet.ts'
import { tablesIn } from '../shared/sql.ts'
import { textKey } from '../shared/text-key.ts'
import { tableNamesOf, Writes } from './writes.ts'
import type { Asked, TypeormDataSource, TypeormQueryRunner, TypeormResult } from './types.ts'

/** The number of open loads from which on those that have ended are looked for. */
const MANY_READS = 1000

/** Options of {@link TypeormCache}. */
export interface TypeormCacheOptions {
  /** Whether writes invalidate the queries of their tables; default `true`. `false`: only `remove` and the time do. */
  readonly tables?: boolean | undefined
}

/**
 * The result cache for TypeORM: `new DataSource({ …, cache: { provider: () => queries } })`, and
 * `queries.watch(dataSource)` after `initialize`. Queries never fail because of the cache. In a transaction nothing is
 * read from it, and nothing is stored.
 */
export class TypeormCache {
  readonly #cache: BaseCache
  readonly #runtime: Runtime
  readonly #byTables: boolean
  // Loads that have begun, by their key, and by the connection that runs the query.
  readonly #reads = new Map<string, OpenRead>()
  readonly #ofRunner = new WeakMap<object, OpenRead>()
  #source: TypeormDataSource | undefined = undefined

  /** @throws OptionsError for anything that is not a cache, or a wrong option. */
  constructor(cache: BaseCache, options: TypeormCacheOptions = {}) {
    this.#runtime = runtimeOf(cache, 'TypeormCache: cache')
    checkOptions(options, ['tables'], 'TypeormCache')
    const { tables = true } = options
    if (typeof tables !== 'boolean')
      throw new OptionsError(`TypeormCache: tables: ${inspect(tables)} is not true or false`)
    this.#cache = cache
    this.#byTables = tables
  }

  /** Returns the data source, whose writes invalidate queries from now on. @throws OptionsError before `initialize`. */
  watch<Source extends TypeormDataSource>(source: Source): Source {
    const { entityMetadatas, subscribers } = (source ?? {}) as Partial<TypeormDataSource>
    if (!Array.isArray(subscribers) || !Array.isArray(entityMetadatas) || entityMetadatas.length === 0)
      throw new OptionsError('TypeormCache: watch: the data source has no entities; call initialize() first')
    if (this.#source === source) return source
    this.#source = source
    const invalidate = async (tables: readonly string[]): Promise<void> => this.invalidate(tables)
    const failed = (runner: object): void => this.#ofRunner.get(runner)?.abandon()
    if (this.#byTables) subscribers.push(new Writes(source, { invalidate, failed }))
    return source
  }

  /** Invalidates the queries of tables that were changed in another way, such as a trigger. Never rejects. */
  async invalidate(tables: readonly string[]): Promise<void> {
    await this.#quiet(() => invalidateTables(this.#cache, tables))
  }

  /** Does nothing, because the cache is connected already. TypeORM calls it. */
  async connect(): Promise<void> {}

  /** Does nothing, because the cache is yours to close. TypeORM calls it. */
  async disconnect(): Promise<void> {}

  /** Does nothing, because there is no table to make. TypeORM calls it. */
  async synchronize(): Promise<void> {}

  /** Returns a result, or begins its load. TypeORM calls it. */
  async getFromCache(
    options: TypeormResult,
    runner?: TypeormQueryRunner,
  ): Promise<TypeormResult | undefined> {
    if (runner?.isTransactionActive === true) return undefined
    const key = keyOf(options)
    // A query that fails may leave its load open, and nobody waits for that.
    if (this.#reads.get(key)?.isOver === false) return undefined
    const source = this.#source
    const isTagged = source !== undefined && this.#byTables
    const tags = isTagged ? tableTags(tablesIn(options.query ?? '', tableNamesOf(source))) : []
    const asked = { tags, ttl: { milliseconds: options.duration }, leaseWait: { milliseconds: 1 } }
    const read = await OpenRead.of(this.#cache, key, asked, this.#runtime, 'typeorm')
    if (typeof read.value === 'string') return { ...options, time: 0, result: read.value }
    this.#open(key, read)
    if (runner !== undefined) this.#ofRunner.set(runner, read)
    const answer: Asked = { ...options, read, runner }
    return answer
  }

  /** Stores the result of a query whose load has begun. TypeORM calls it. */
  async storeInCache(options: TypeormResult, asked: TypeormResult | undefined): Promise<void> {
    const { read, runner } = (asked ?? {}) as Partial<Asked>
    if (read === undefined) return
    if (runner !== undefined) this.#ofRunner.delete(runner)
    if (typeof options.result === 'string') await read.fill(options.result, undefined)
    else read.abandon()
    const key = keyOf(options)
    if (this.#reads.get(key) === read) this.#reads.delete(key)
  }

  /** Whether there is no result yet. TypeORM calls it. */
  isExpired(answer: TypeormResult): boolean {
    return 'read' in answer
  }

  /** Removes all results. TypeORM calls it. */
  async clear(): Promise<void> {
    await this.#quiet(() => this.#cache.clear())
  }

  /** Removes results by the names that their queries were given, with those of their pages. TypeORM calls it. */
  async remove(identifiers: string[]): Promise<void> {
    const names = identifiers.flatMap((name) => [name, `${name}-pagination`, `${name}-count`])
    const keys = names.map((identifier) => keyOf({ identifier }))
    await this.#quiet(() => this.#cache.invalidate(keys))
  }

  // A failed query of a data source that is not watched leaves its load here.
  #open(key: string, read: OpenRead): void {
    if (this.#reads.size >= MANY_READS)
      for (const [other, { isOver }] of this.#reads) if (isOver) this.#reads.delete(other)
    this.#reads.set(key, read)
  }

  async #quiet(call: () => Promise<unknown>): Promise<void> {
    await quiet(this.#runtime, 'typeorm', call)
  }
}

function keyOf({ identifier, query = '' }: Partial<TypeormResult>): string {
  if (identifier !== undefined && identifier !== '') return textKey(`name:${identifier}`)
  return `query:${createHash('sha256').update(query).digest('hex')}`
}
