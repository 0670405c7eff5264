import type { BaseCache } from '../../cache/base-cache.ts'
import { MAX_TAGS } from '../../keys/tags.ts'
import { textKey } from './text-key.ts'

/** The tag of a query of more tables than an entry can have tags. Every write of a table invalidates it. */
const MANY_TABLES = 'tables:many'

/** The number of tags that are left to the call, the namespaces and the cache. */
const OTHER_TAGS = 8

/** Returns the tag that entries of a table bear: `table:users`. */
export function tableTag(table: string): string {
  return textKey(`table:${table}`)
}

/** Returns the tags that the result of a query bears, by which a write of one of its tables invalidates it. */
export function tableTags(tables: readonly string[]): readonly string[] {
  return tables.length > MAX_TAGS - OTHER_TAGS ? [MANY_TABLES] : tables.map(tableTag)
}

/** Invalidates the results of all queries of some tables. @throws as `invalidateTag` does. */
export async function invalidateTables(cache: BaseCache, tables: Iterable<string>): Promise<void> {
  const all = new Set(tables)
  if (all.size > 0) await cache.invalidateTag([...Array.from(all, tableTag), MANY_TABLES])
}
