import { Logger } from '@nestjs/common'
import type { BaseCache } from '../../cache/base-cache.ts'
import { createCache, placeOfCache, type CreateCacheOptions } from '../../create-cache.ts'
import { nestLogger } from '../../loggers/nest.ts'

/** A cache that modules share, and the number of them. */
interface SharedCache {
  readonly place: string
  readonly options: object
  readonly cache: Promise<BaseCache>
  users: number
}

// Applications that are built again, as by a hot reload, find the cache of the one before them here.
const shared = new Set<SharedCache>()

/** A cache, and the end of its use. */
export interface OpenedCache {
  readonly cache: BaseCache
  release(): Promise<void>
}

/**
 * Makes the cache of a module. One on a server is shared by all modules of the process with the same options, and closed
 * with the last of them.
 */
export async function openCache(given: CreateCacheOptions): Promise<OpenedCache> {
  const { logger = nestLogger(new Logger('Cachette')), ...options } = given
  const place = await placeOfCache(given)
  if (place === undefined) {
    const cache = await createCache({ ...options, logger })
    return { cache, release: async () => cache.close() }
  }
  const known = [...shared].find((one) => one.place === place && isSame(one.options, options))
  const one: SharedCache = known ?? { place, options, cache: createCache({ ...options, logger }), users: 0 }
  shared.add(one)
  one.users++
  const release = async (): Promise<void> => {
    one.users--
    if (one.users > 0) return
    shared.delete(one)
    const cache = await one.cache
    await sendQueued(cache)
    await cache.close()
  }
  try {
    return { cache: await one.cache, release }
  } catch (error) {
    shared.delete(one)
    throw error
  }
}

const LONGEST_WAIT_MS = 5000

/** Waits until the server has acknowledged what waits for it, unless it is away. */
async function sendQueued(cache: BaseCache): Promise<void> {
  const { clock, timers } = cache.atomic!
  const endMs = clock.now() + LONGEST_WAIT_MS
  for (;;) {
    const { queued, connected } = await cache.health()
    if (queued === 0 || connected !== true || clock.now() >= endMs) return
    await new Promise<void>((resolve) => void timers.set(resolve, 20, 'awaited'))
  }
}

// Compares plain objects and lists by content. Functions and objects of classes may hide differences.
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].every((name) => isSame(Reflect.get(one, name), Reflect.get(other, name)))
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype)
  )
}
