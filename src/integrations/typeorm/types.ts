import type { OpenRead } from '../shared/open-read.ts'

/** A connection of TypeORM, with its transaction. */
export interface TypeormQueryRunner {
  /** Whether a transaction is open. */
  readonly isTransactionActive: boolean
}

/** A data source of TypeORM that is connected. */
export interface TypeormDataSource {
  /** The tables of the entities, and those between them. */
  readonly entityMetadatas: readonly { readonly tableName: string }[]
  /** The listeners of the data source. */
  readonly subscribers: object[]
}

/** The result of a query, as TypeORM hands it over. */
export interface TypeormResult {
  /** The name that the query was given: `cache(name, milliseconds)`. */
  identifier?: string
  /** Milliseconds since 1970. */
  time?: number
  /** The milliseconds for which it is kept. */
  duration: number
  /** The text with the parameters. */
  query?: string
  /** The rows as JSON. */
  result?: string
}

/** The answer to TypeORM's question for a result. */
export interface Asked extends TypeormResult {
  /** The load that began, if no result was found. */
  readonly read: OpenRead
  readonly runner: object | undefined
}

/** A query that has ended. */
export interface EndedQuery {
  readonly query: string
  readonly success: boolean
  readonly queryRunner: TypeormQueryRunner
}

/** A transaction that has ended. */
export interface EndedTransaction {
  readonly queryRunner: TypeormQueryRunner
}
