import { createHash } from 'node:crypto'
import type { BaseCache } from '../../cache/base-cache.ts'
import type { Runtime } from '../../cache/runtime.ts'
import { textKey } from '../shared/text-key.ts'
import type { Kept, RequestKey, Vary } from './shapes.ts'

/** The most lists of header names that one URL is looked up by. */
const MOST_LISTS = 8
const INDEX_TTL = { days: 30 } as const

/** The part of a URL's responses that were kept since the URL was deleted last. */
export interface Epoch {
  /** A random text in the keys of its responses. */
  readonly id: string
  /** Whether it began with the request that it was made for. */
  readonly isNew: boolean
}

/**
 * The kept responses of URLs. The entry of a URL has the id of its epoch, and deleting the URL puts another id there. So
 * it deletes all variants in one step, and a response that was on its way meanwhile is kept where nobody looks.
 */
export class Variants {
  readonly #cache: BaseCache
  readonly #runtime: Runtime

  constructor(cache: BaseCache, runtime: Runtime) {
    this.#cache = cache
    this.#runtime = runtime
  }

  /** The time in milliseconds since 1970. */
  now(): number {
    return this.#runtime.clock.wallNow()
  }

  /** Returns the epoch that a URL is in, or a new one. */
  async epochOf(request: RequestKey): Promise<Epoch> {
    const id = await this.#cache.get<string>(urlKey(request))
    return typeof id === 'string' ? { id, isNew: false } : { id: this.#newId(), isNew: true }
  }

  /** Returns the newest response of an epoch that fits the request. */
  async find({ id }: Epoch, { method, headers = {} }: RequestKey): Promise<Kept | undefined> {
    const lists = (await this.#cache.get<string[][]>(listsKey(id))) ?? []
    const keys = lists.map((names) =>
      variantKey(
        id,
        method,
        names.map((name) => [name, headers[name] ?? null]),
      ),
    )
    const now = this.now()
    let newest: Kept | undefined
    for (const kept of (await this.#cache.getMany<Kept>(keys)).values())
      if (kept.head.deleteAt > now && !(newest !== undefined && newest.head.cachedAt >= kept.head.cachedAt))
        newest = kept
    return newest
  }

  /** Keeps a response, unless its URL was deleted since the request. */
  async keep(epoch: Epoch, request: RequestKey, kept: Kept): Promise<void> {
    const { id, isNew } = epoch
    const url = urlKey(request)
    if (isNew) await this.#cache.set(url, id, { ttl: INDEX_TTL, ifAbsent: true })
    if ((await this.#cache.get(url)) !== id) return
    const pairs = Object.entries<Vary[string]>(kept.head.vary ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
    const names = pairs.map(([name]) => name)
    const lists = (await this.#cache.get<string[][]>(listsKey(id))) ?? []
    if (!lists.some((list) => list.join() === names.join()))
      await this.#cache.set(listsKey(id), [names, ...lists].slice(0, MOST_LISTS), { ttl: INDEX_TTL })
    const key = variantKey(id, request.method, pairs)
    await this.#cache.set(key, kept, { ttl: new Date(kept.head.deleteAt) })
  }

  /** Deletes all responses of a URL, and those on their way. */
  async delete(request: RequestKey): Promise<void> {
    const url = urlKey(request)
    if (!(await this.#cache.set(url, this.#newId(), { ttl: INDEX_TTL }))) await this.#cache.delete(url)
  }

  #newId(): string {
    const part = (): string => Math.floor(this.#runtime.random() * 2 ** 48).toString(36)
    return `${part()}${part()}`
  }
}

function urlKey({ origin, path }: RequestKey): string {
  return textKey(`url:${origin}${path}`)
}

function listsKey(id: string): string {
  return `vary:${id}`
}

function variantKey(id: string, method: string, pairs: readonly (readonly [string, Vary[string]])[]): string {
  const text = JSON.stringify([method, ...pairs])
  return `response:${id}:${createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 40)}`
}
