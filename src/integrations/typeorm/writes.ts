import type { EndedQuery, EndedTransaction, TypeormDataSource } from './types.ts'

const READS = /^\s*\(?\s*(?:select|show|explain|pragma|values)\b/i
const CHANGES = /\b(?:insert|update|delete|merge|replace|truncate|alter|drop|rename|copy|call|into)\b/i

/** The means of {@link Writes}. */
export interface WritesOf {
  /** Invalidates the queries of tables. Never rejects. */
  readonly invalidate: (tables: readonly string[]) => Promise<void>
  /** A query of the runner has failed. */
  readonly failed: (runner: object) => void
}

/** Returns the tables of a data source whose names are in the text of a query. */
export function tablesIn(text: string, { entityMetadatas }: TypeormDataSource): readonly string[] {
  const names = new Set(entityMetadatas.map(({ tableName }) => tableName))
  return [...names].filter((name) => text.includes(name))
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
    const isRead = READS.test(query) && !/\binto\b/i.test(query)
    if (isRead || !CHANGES.test(query)) return
    const tables = tablesIn(query, this.#source)
    if (tables.length === 0) return
    if (!queryRunner.isTransactionActive) return this.#of.invalidate(tables)
    const changed = this.#changed.get(queryRunner) ?? new Set()
    for (const table of tables) changed.add(table)
    this.#changed.set(queryRunner, changed)
  }

  /** Called by TypeORM after a commit, that of a savepoint included. */
  async afterTransactionCommit({ queryRunner }: EndedTransaction): Promise<void> {
    const changed = this.#changed.get(queryRunner)
    if (changed === undefined || queryRunner.isTransactionActive) return
    this.#changed.delete(queryRunner)
    await this.#of.invalidate([...changed])
  }

  /** Called by TypeORM after a rollback. */
  afterTransactionRollback({ queryRunner }: EndedTransaction): void {
    if (!queryRunner.isTransactionActive) this.#changed.delete(queryRunner)
  }
}
