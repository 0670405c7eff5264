import { mayChange, tablesIn } from '../shared/sql.ts'
import type { EndedQuery, EndedTransaction, TypeormDataSource } from './types.ts'

/** The means of {@link Writes}. */
export interface WritesOf {
  /** Invalidates the queries of tables. Never rejects. */
  readonly invalidate: (tables: readonly string[]) => Promise<void>
  /** A query of the runner has failed. */
  readonly failed: (runner: object) => void
}

/** Returns the names of the tables of a data source. */
export function tableNamesOf({ entityMetadatas }: TypeormDataSource): readonly string[] {
  return entityMetadatas.map(({ tableName }) => tableName)
}

/**
 * A subscriber of TypeORM that sees every query. The tables of a write are invalidated when it has ended, or when its
 * transaction is committed, and before its own call ends.
 */
export class Writes {
  readonly #source: TypeormDataSource
  readonly #of: WritesOf
  // The tables that were changed in open transactions.
  readonly #changed = new WeakMap<object, Set<string>>()

  constructor(source: TypeormDataSource, of: WritesOf) {
    this.#source = source
    this.#of = of
  }

  /** Called by TypeORM after each query. */
  async afterQuery({ query, success, queryRunner }: EndedQuery): Promise<void> {
    if (!success) this.#of.failed(queryRunner)
    // The database may have committed before the connection was lost.
    if (!success && /^\s*commit\b/i.test(query)) return this.#end(queryRunner)
    if (!mayChange(query)) return
    const tables = tablesIn(query, tableNamesOf(this.#source))
    if (tables.length === 0) return
    if (!queryRunner.isTransactionActive) return this.#of.invalidate(tables)
    const changed = this.#changed.get(queryRunner) ?? new Set()
    for (const table of tables) changed.add(table)
    this.#changed.set(queryRunner, changed)
  }

  /** Called by TypeORM after a commit, that of a savepoint included. */
  async afterTransactionCommit({ queryRunner }: EndedTransaction): Promise<void> {
    if (!queryRunner.isTransactionActive) await this.#end(queryRunner)
  }

  /** Called by TypeORM after a rollback. */
  afterTransactionRollback({ queryRunner }: EndedTransaction): void {
    if (!queryRunner.isTransactionActive) this.#changed.delete(queryRunner)
  }

  async #end(queryRunner: object): Promise<void> {
    const changed = this.#changed.get(queryRunner)
    this.#changed.delete(queryRunner)
    if (changed !== undefined) await this.#of.invalidate([...changed])
  }
}
