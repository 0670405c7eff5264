import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { OptionsError } from '../../core/errors.ts'
import type { Store } from '../../core/store.ts'
import { runtimeOf } from '../shared/check-cache.ts'
import { textKey } from '../shared/text-key.ts'
import { nextNow } from './host.ts'
import { Moments } from './moments.ts'
import { outside } from './outside.ts'

/** An entry as it is stored. */
interface Kept {
  readonly value: unknown
  readonly tags: readonly string[]
  /** The place in the order of all invalidations when it began. */
  readonly place: string
  /** The time that it lives, and the age with which it was stored. */
  readonly ttlMs: number
  readonly ageMs: number
}

/** An entry that was found. */
export interface FoundEntry {
  readonly value: unknown
  readonly tags: readonly string[]
  /** The time when it began, by the clock of this process. */
  readonly sinceMs: number
  /** Whether one of its tags was invalidated with a time in which it is still served. */
  readonly isStale: boolean
}

/** The attributes of an entry that is stored. */
export interface NewEntry {
  readonly value: unknown
  readonly tags: readonly string[]
  /** The time when its value began to be made, by the clock of this process. */
  readonly sinceMs: number
  /** The time for which it is wanted; the longest ttl bounds it. */
  readonly ttlMs: number
}

type Places = Required<Pick<Store, 'tagPlace' | 'changedSince'>>

/**
 * Entries that are judged by their tags and those of the reader when they are read. An entry keeps the place in the
 * order of all invalidations at which its value began to be made. It is gone if one of the tags was invalidated after
 * that, so it does not matter when it was stored, and there may be any number of tags. All methods never reject.
 */
export class TaggedEntries {
  readonly #cache: BaseCache
  readonly #runtime: Runtime
  readonly #store: Places
  readonly #longestMs: number
  readonly #moments = new Moments()

  /** @throws OptionsError if the cache is none, or can't tell the order of invalidations. */
  constructor(cache: BaseCache, longestMs: number) {
    this.#runtime = runtimeOf(cache, 'cache')
    const { store } = this.#runtime
    if (store.tagPlace === undefined || store.changedSince === undefined)
      throw new OptionsError(
        'cache: an engine of your own does not know the order of invalidations; use MemoryCache, RedisCache or TieredCache',
      )
    this.#store = store as Places
    this.#cache = cache
    this.#longestMs = longestMs
  }

  /** Notes the present place in the order of all invalidations. */
  async note(): Promise<void> {
    await this.#tried(async () => {
      const place = await this.#store.tagPlace()
      this.#moments.note(place, nextNow())
    })
  }

  /** Returns an entry if none of its tags and of `readerTags` was invalidated since it began. */
  async read(key: string, readerTags: readonly string[]): Promise<FoundEntry | undefined> {
    await this.note()
    return this.#tried(async () => {
      const { value: kept, remainingMs = 0 } = await this.#cache.get<unknown>(key, { result: 'full' })
      if (!isKept(kept)) {
        // A record that exists already counts as unchanged for an entry that is made from now on.
        void this.#tried(async () => this.#changed(readerTags, await this.#store.tagPlace(), this.#longestMs))
        return undefined
      }
      const { value, place, ttlMs, ageMs } = kept
      const tags = [...new Set([...kept.tags, ...readerTags])]
      const changed = await this.#changed(tags, place, remainingMs)
      if (changed.gone || !(await this.#areServed(changed.stale))) return undefined
      const sinceMs = nextNow() - ageMs - Math.max(0, ttlMs - remainingMs)
      return { value, tags: kept.tags, sinceMs, isStale: changed.stale.length > 0 }
    })
  }

  /** Stores an entry, unless one of its tags was invalidated since it began, or no place is known from before that. */
  async write(key: string, { value, tags, sinceMs, ttlMs: wantedMs }: NewEntry): Promise<void> {
    const ttlMs = Math.min(wantedMs, this.#longestMs)
    const place = this.#moments.at(sinceMs)
    if (place === undefined || !(ttlMs > 0)) return
    await this.#tried(async () => {
      const changed = await this.#changed(tags, place, ttlMs)
      if (changed.gone || changed.stale.length > 0) return
      const kept: Kept = { value, tags, place, ttlMs, ageMs: Math.max(0, nextNow() - sinceMs) }
      await this.#cache.set(key, kept, { ttl: { milliseconds: ttlMs }, grace: false })
    })
  }

  /** Makes the entries with one of the tags invisible. With `expire` they are stale for so many seconds. */
  async invalidate(tags: readonly string[], expire: number | undefined, isSoft: boolean): Promise<void> {
    await this.#tried(async () => {
      const forMs = expire === undefined ? this.#longestMs : Math.min(expire * 1000, this.#longestMs)
      if (!isSoft || !(forMs > 0)) {
        await this.#cache.invalidateTag(tags.map(hardTag))
        return
      }
      const soft = tags.map(softTag)
      // Comes first. A reader that finds a tag changed and no time to serve it takes the entry for gone.
      await this.#cache.setMany(new Map(soft.map((tag) => [tag, true])), {
        ttl: { milliseconds: forMs },
        grace: false,
      })
      await this.#cache.invalidateTag(soft)
    })
    await this.note()
  }

  async #changed(
    tags: readonly string[],
    place: string,
    lifeMs: number,
  ): Promise<{ readonly gone: boolean; readonly stale: readonly string[] }> {
    if (tags.length === 0) return { gone: false, stale: [] }
    const hard = new Set(tags.map(hardTag))
    const soft = new Set(tags.map(softTag))
    const changed = await this.#store.changedSince([...hard, ...soft], place, lifeMs)
    return { gone: changed.some((tag) => hard.has(tag)), stale: changed.filter((tag) => soft.has(tag)) }
  }

  async #areServed(softTags: readonly string[]): Promise<boolean> {
    if (softTags.length === 0) return true
    return (await this.#cache.getMany(softTags)).size === softTags.length
  }

  // A request must not fail because of the cache.
  async #tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await outside(work)
    } catch (error) {
      this.#runtime.trouble.note('next', error)
      return undefined
    }
  }
}

/** The cache's own tag, so that `cache.invalidateTag(tag)` of any service has the same effect. */
function hardTag(tag: string): string {
  return textKey(tag)
}

function softTag(tag: string): string {
  return `next-stale:${textKey(tag)}`
}

function isKept(kept: unknown): kept is Kept {
  if (typeof kept !== 'object' || kept === null) return false
  const { tags, place, ttlMs, ageMs } = kept as Partial<Kept>
  return (
    Array.isArray(tags) && typeof place === 'string' && typeof ttlMs === 'number' && typeof ageMs === 'number'
  )
}
