import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { canonical } from '../../keys/canonical.ts'
import type { Duration } from '../../options/durations.ts'
import { OpenRead } from '../shared/open-read.ts'
import { invalidateTables, tableTags } from '../shared/query-tags.ts'
import { quiet } from '../shared/quiet.ts'
import { textKey } from '../shared/text-key.ts'
import { portable } from './portable.ts'
import { namesOf, type DrizzleCacheConfig, type DrizzleMutation } from './types.ts'

/** The cached queries of a database. None of its methods rejects. */
export class Queries {
  readonly #cache: BaseCache
  readonly #runtime: Runtime
  readonly #ttl: Duration | undefined

  constructor(cache: BaseCache, runtime: Runtime, ttl: Duration | undefined) {
    this.#cache = cache
    this.#runtime = runtime
    this.#ttl = ttl
  }

  /** Reads a query, or begins its load. If it does not wait, it neither joins a load nor waits for one elsewhere. */
  async read(key: string, tables: readonly string[], waits: boolean): Promise<OpenRead> {
    const options = {
      ttl: this.#ttl,
      tags: tableTags(tables),
      ...(waits ? {} : { leaseWait: { milliseconds: 1 } }),
    }
    return OpenRead.of(this.#cache, key, options, this.#runtime, 'drizzle')
  }

  /** Stores the result of a query whose load has begun. */
  async store(read: OpenRead, result: unknown, config: DrizzleCacheConfig = {}): Promise<void> {
    if (result === undefined || result === null) read.abandon()
    else await read.fill(portable(result), ttlOf(config))
  }

  /** Invalidates queries by table, and by their own tags. */
  async invalidate({ tables = [], tags = [] }: DrizzleMutation): Promise<void> {
    const names = listOf(tables).flatMap(namesOf)
    const keys = listOf(tags).map(tagKey)
    await Promise.all([
      quiet(this.#runtime, 'drizzle', () => invalidateTables(this.#cache, names)),
      quiet(this.#runtime, 'drizzle', () => this.#cache.invalidate(keys)),
    ])
  }
}

/** Returns the key of a query with a tag of its own. */
export function tagKey(tag: string): string {
  return textKey(`tag:${tag}`)
}

/** Returns the key of a query; `undefined` if a parameter can't be part of a key. */
export function queryKey(text: string, params: unknown): string | undefined {
  try {
    return hashKey(canonical([text, params]))
  } catch {
    return undefined
  }
}

/** Returns the key of a query from the hash that Drizzle made. */
export function hashKey(text: string): string {
  return `query:${createHash('sha256').update(text).digest('hex')}`
}

/** Returns the ttl in Drizzle's units. */
function ttlOf({ px, ex, pxat, exat }: DrizzleCacheConfig): Duration | undefined {
  if (px !== undefined) return { milliseconds: px }
  if (ex !== undefined) return { seconds: ex }
  if (pxat !== undefined) return new Date(pxat)
  return exat === undefined ? undefined : new Date(exat * 1000)
}

function listOf<T>(some: T | readonly T[]): readonly T[] {
  return Array.isArray(some) ? (some as readonly T[]) : [some as T]
}
