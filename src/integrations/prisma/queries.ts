import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { isRecord } from '../../internal/objects.ts'
import { canonical } from '../../keys/canonical.ts'
import { NEVER_FAILS } from '../shared/never-fails.ts'
import { invalidateTables, tableTags } from '../shared/query-tags.ts'
import { quiet } from '../shared/quiet.ts'
import type { Operation, PrismaInvalidation, PrismaQueries, PrismaQueryOptions } from './types.ts'

/** The means of {@link Queries}. */
export interface QueriesOf {
  readonly cache: BaseCache
  readonly runtime: Runtime
  /** The fields that the client leaves out of every result. */
  readonly globalOmit: unknown
}

/** The cached queries of a client. */
export class Queries implements PrismaQueries {
  readonly #of: QueriesOf

  constructor(of: QueriesOf) {
    this.#of = of
  }

  /** Returns the result of a read from the cache, or from the database. It fails only if the database does. */
  async read(of: Operation, models: readonly string[], options: PrismaQueryOptions): Promise<unknown> {
    const { cache } = this.#of
    const { args } = of
    const key = this.#keyOf(of)
    if (key === undefined) return of.query(args)
    const tags = [...tableTags(models), ...(options.tags ?? [])]
    let failed: { readonly error: unknown } | undefined
    const load = async (): Promise<unknown> => {
      try {
        return await of.query(args)
      } catch (error) {
        failed = { error }
        throw error
      }
    }
    try {
      return thawed(await cache.getOrSet<unknown>(key, load, { ...NEVER_FAILS, ttl: options.ttl, tags }))
    } catch (error) {
      if (failed !== undefined) throw failed.error
      // The caller that it has waited for has failed, or the cache.
      this.#of.runtime.trouble.note('prisma', error)
      return of.query(args)
    }
  }

  async invalidate({ models = [], tags = [] }: PrismaInvalidation): Promise<void> {
    const { cache, runtime } = this.#of
    await Promise.all([
      quiet(runtime, 'prisma', () => invalidateTables(cache, models)),
      quiet(runtime, 'prisma', () => cache.invalidateTag([...tags])),
    ])
  }

  // Parameters that can't be part of a key, such as references to fields, keep a query from being cached.
  #keyOf({ model, operation, args, __internalParams }: Operation): string | undefined {
    const path = __internalParams?.dataPath ?? []
    try {
      const text = canonical([plain(args), path, this.#of.globalOmit])
      return `${model}:${operation}:${createHash('sha256').update(text).digest('hex')}`
    } catch {
      return undefined
    }
  }
}

/** Returns parameters in which decimal numbers and Prisma's own kinds of null are Maps, which no parameter is. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]))
  if (typeof Reflect.get(value, '_getName') === 'function') return new Map([['null', String(value)]])
  return Object.prototype.toString.call(value) === '[object Decimal]'
    ? new Map([['Decimal', String(value)]])
    : value
}

/** Returns a result that Prisma can change, which it does to add computed fields. A frozen one is copied. */
function thawed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return value
  if (Array.isArray(value)) return value.map(thawed)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, thawed(part)]))
}
