import type { Library } from './candidate.ts'
import { bentocache } from './candidates/bentocache.ts'
import { cacheManager } from './candidates/cache-manager.ts'
import { cacheable } from './candidates/cacheable.ts'
import { cachette } from './candidates/cachette.ts'
import { lruCache, nodeCache } from './candidates/in-process.ts'
import { byHand } from './candidates/ioredis.ts'

/** The columns of the table. */
export const LIBRARIES: readonly Library[] = [
  cachette,
  bentocache,
  cacheable,
  cacheManager,
  byHand,
  nodeCache,
  lruCache,
]

export function libraryOf(name: string | undefined): Library {
  const library = LIBRARIES.find((one) => one.name === name)
  if (library === undefined) throw new Error(`There is no library ${String(name)}.`)
  return library
}
