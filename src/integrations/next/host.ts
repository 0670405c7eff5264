// The types of Next.js that the handlers need, as far as they need them.

/** An entry of a function with `'use cache'`, as Next.js gives and takes it. */
export interface NextCacheEntry {
  /** The serialized value. */
  value: ReadableStream<Uint8Array>
  /** The tags that the function has named. */
  tags: string[]
  /** The seconds for which the browser may use it. */
  stale: number
  /** The time when its function began, in milliseconds since 1970 by the clock of this process. */
  timestamp: number
  /** The seconds after which it is gone. */
  expire: number
  /** The seconds after which it is made anew in the background; -1 = at the next read. */
  revalidate: number
}

/** The cache of functions with `'use cache'`, one file of `cacheHandlers` in next.config. */
export interface NextCacheHandler {
  /** Returns an entry with a stream of its own; `undefined` = a miss. */
  get(cacheKey: string, softTags: string[]): Promise<NextCacheEntry | undefined>
  /** Stores an entry as soon as its stream has ended. */
  set(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void>
  /** Notes the present place in the order of all invalidations. */
  refreshTags(): Promise<void>
  /** Returns `Infinity`, because `get` looks at the soft tags itself. */
  getExpiration(tags: string[]): Promise<number>
  /** Invalidates tags, or makes their entries stale until `expire` seconds have passed. */
  updateTags(tags: string[], durations?: { expire?: number }): Promise<void>
}

/** The facts about a request that Next.js gives to an ISR handler. */
export interface IsrContext {
  /** The folder `server` of the build. */
  readonly serverDistDir?: string | undefined
}

/** The lifetime of a page in seconds. */
export interface IsrCacheControl {
  /** The seconds after which it is made anew; `false` = never. */
  revalidate: number | false
  /** The seconds after which it must not be served; `undefined` = no limit. */
  expire: number | undefined
}

/** The answer of an ISR handler. */
export interface IsrAnswer<Value> {
  /** The time when it was stored, in milliseconds since 1970 by the clock of this process. */
  lastModified: number
  /** The page, response or image; `null` = there is no such page. */
  value: Value | null
  /** The lifetime with which it was stored. */
  cacheControl?: IsrCacheControl
}

/** The conditions of a read of an ISR handler. */
export interface IsrGetContext {
  /** `APP_PAGE`, `APP_ROUTE`, `PAGES`, `FETCH` or `IMAGE`. */
  readonly kind: string
  /** The tags of a `fetch`. */
  readonly tags?: string[]
  /** The tags of the paths in which a `fetch` is made. */
  readonly softTags?: string[]
  /** The seconds after which the answer of a `fetch` is asked for anew; `false` = never. */
  readonly revalidate?: number | false
}

/** The attributes of an entry that an ISR handler stores. */
export interface IsrSetContext {
  /** Whether it is the answer of a `fetch`. */
  readonly fetchCache?: boolean
  /** The tags of a `fetch`. */
  readonly tags?: string[]
  /** The lifetime of the entry. */
  readonly cacheControl?: IsrCacheControl
}

/** The cache of pages, routes, fetches and images, which `cacheHandler` in next.config names. */
export interface IsrHandler<Value> {
  /** Returns an entry; `null` = a miss. */
  get(cacheKey: string, context: IsrGetContext): Promise<IsrAnswer<Value> | null>
  /** Stores an entry; `null` = there is no such page. */
  set(cacheKey: string, data: Value | null, context: IsrSetContext): Promise<void>
  /** Invalidates tags, or makes their entries stale until `expire` seconds have passed. */
  revalidateTag(tags: string | string[], durations?: { expire?: number }): Promise<void>
  /** Does nothing, because nothing is kept for a request. */
  resetRequestCache(): void
}

/** The class that Next.js makes several of for each request. All of them share one cache. */
export type IsrHandlerClass<Value> = new (context: IsrContext) => IsrHandler<Value>

/** Returns the time by the clock with which Next.js makes and judges timestamps. */
export function nextNow(): number {
  return performance.timeOrigin + performance.now()
}
