import type { BaseCache } from '../../cache/base-cache.ts'
import { MAX_TAGS } from '../../keys/tags.ts'
import { textKey } from './text-key.ts'

/** Returns the tag that entries of a table bear: `table:users`. */
export function tableTag(table: string): string {
  return textKey(`table:${table}`)
}

/** Invalidates any number of tags. @throws as `invalidateTag` does. */
export async function invalidateTags(cache: BaseCache, tags: Iterable<string>): Promise<void> {
  const all = [...new Set(tags)]
  for (let start = 0; start < all.length; start += MAX_TAGS)
    await cache.invalidateTag(all.slice(start, start + MAX_TAGS))
}
