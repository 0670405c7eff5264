/** The duration of one query in Drizzle's units. The first that is given counts: `px`, `ex`, `pxat`, `exat`. */
export interface DrizzleCacheConfig {
  /** Seconds. */
  readonly ex?: number
  /** Milliseconds. */
  readonly px?: number
  /** Seconds since 1970. */
  readonly exat?: number
  /** Milliseconds since 1970. */
  readonly pxat?: number
}

/** The object of a changed table, or its name. */
export type DrizzleTable = string | object

/** The parameters of an invalidation. */
export interface DrizzleMutation {
  /** The tags that queries were given by `$withCache({ tag })`. */
  readonly tags?: string | readonly string[] | undefined
  /** The tables that have changed. */
  readonly tables?: DrizzleTable | readonly DrizzleTable[] | undefined
}

/** A query as Drizzle has prepared it, as far as it is used. */
export interface PreparedQuery {
  readonly cache?: unknown
  readonly cacheConfig?: CacheConfigOfQuery | undefined
  queryWithCache?(text: string, params: unknown, query: () => Promise<unknown>): Promise<unknown>
}

/** The settings that a query was given by `$withCache`. */
export interface CacheConfigOfQuery {
  readonly enable: boolean
  readonly tag?: string | undefined
}

/** A session of Drizzle, as far as it is used. */
export interface Session {
  prepareQuery?(...args: unknown[]): PreparedQuery
  transaction?(run: (transaction: Sessioned) => unknown, ...rest: unknown[]): unknown
}

/** A database or a transaction of Drizzle, as far as it is used. */
export interface Sessioned {
  session?: Session
  readonly $cache?: unknown
}

const SCHEMA = Symbol.for('drizzle:Schema')
const BASE_NAME = Symbol.for('drizzle:BaseName')

/** Returns the names by which Drizzle may know a table: with its schema, and without it. */
export function namesOf(table: DrizzleTable): readonly string[] {
  if (typeof table === 'string') return [table]
  const name: unknown = Reflect.get(table, BASE_NAME)
  const schema: unknown = Reflect.get(table, SCHEMA)
  if (typeof name !== 'string') return []
  return typeof schema === 'string' ? [name, `${schema}.${name}`] : [name]
}
