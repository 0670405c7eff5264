import { textKey } from '../shared/text-key.ts'
import { nextNow, type NextCacheEntry, type NextCacheHandler } from './host.ts'
import {
  checkNextOptions,
  entriesOf,
  NEXT_OPTIONS,
  type NextHandlerOptions,
  type Opening,
} from './options.ts'

/** The part of an entry that is stored beside its tags and times. */
interface Body {
  readonly bytes: Uint8Array
  readonly stale: number
  readonly expire: number
  readonly revalidate: number
}

/**
 * Returns the handler of functions with `'use cache'`, for a file that `cacheHandlers` in next.config names: `export
 * default createCacheHandler()`. All handlers of a process with one server and prefix share one cache.
 * @throws OptionsError, KeyError for wrong options.
 */
export function createCacheHandler(options: NextHandlerOptions = {}): NextCacheHandler {
  checkNextOptions(options, NEXT_OPTIONS, 'createCacheHandler')
  return new UseCacheHandler(entriesOf(options, 'createCacheHandler'))
}

class UseCacheHandler implements NextCacheHandler {
  readonly #open: Opening
  /** The sets that are not done yet, by key. */
  readonly #pending = new Map<string, Promise<void>>()

  constructor(open: Opening) {
    this.#open = open
  }

  async get(cacheKey: string, softTags: string[]): Promise<NextCacheEntry | undefined> {
    await this.#pending.get(cacheKey)
    const entries = await this.#open()
    const found = await entries?.read(keyOf(cacheKey), softTags)
    if (found === undefined || !isBody(found.value)) return undefined
    const { bytes, stale, expire, revalidate } = found.value
    return {
      value: streamOf(bytes),
      tags: [...found.tags],
      stale,
      timestamp: found.sinceMs,
      expire,
      revalidate: found.isStale ? -1 : revalidate,
    }
  }

  async set(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void> {
    const set = this.#set(cacheKey, pendingEntry)
    this.#pending.set(cacheKey, set)
    await set
    if (this.#pending.get(cacheKey) === set) this.#pending.delete(cacheKey)
  }

  async refreshTags(): Promise<void> {
    const entries = await this.#open()
    await entries?.note()
  }

  async getExpiration(_tags: string[]): Promise<number> {
    return Infinity
  }

  async updateTags(tags: string[], durations?: { expire?: number }): Promise<void> {
    const entries = await this.#open()
    await entries?.invalidate(tags, durations?.expire, durations !== undefined)
  }

  async #set(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void> {
    try {
      const { value, tags, stale, timestamp, expire, revalidate } = await pendingEntry
      const bytes = await bytesOf(value)
      const entries = await this.#open()
      const ttlMs = expire * 1000 - Math.max(0, nextNow() - timestamp)
      const body: Body = { bytes, stale, expire, revalidate }
      await entries?.write(keyOf(cacheKey), { value: body, tags, sinceMs: timestamp, ttlMs })
    } catch {
      // A function that failed, or a stream that broke off. Next.js tells its caller, and nothing is stored.
    }
  }
}

// Next.js puts the build id in the key, so that a deploy never reads entries of another one.
function keyOf(cacheKey: string): string {
  return `use:${textKey(cacheKey)}`
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    chunks.push(value)
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes))
      controller.close()
    },
  })
}

function isBody(value: unknown): value is Body {
  if (typeof value !== 'object' || value === null) return false
  const { bytes, stale, expire, revalidate } = value as Partial<Body>
  return (
    bytes instanceof Uint8Array && [stale, expire, revalidate].every((number) => typeof number === 'number')
  )
}
