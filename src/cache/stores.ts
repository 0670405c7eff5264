import type { CacheOptions } from '../options/options.ts'
import type { Bus, RemoteStore } from '../core/remote-store.ts'
import type { Store } from '../core/store.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'

/** What a cache over a server that several processes share gives to a cache that is made over it. */
export interface Shared {
  /** A store of its own on the server; to close it leaves the connection open. */
  readonly remote: RemoteStore
  /** Brings the messages of that store; absent where there is no such way. */
  readonly bus?: Bus | undefined
  /** What is still to be put before keys; `''` where the store does that. */
  readonly prefix: string
}

/** Makes such a store, with the prefix (default: the cache's own) and the format of values that the options name. */
export type Share = (options: Pick<CacheOptions, 'prefix' | 'serializer'> & ValueOptions) => Shared

const stores = new WeakMap<object, { readonly store: Store; readonly ttlMs: number }>()
const owned = new WeakMap<object, readonly Closable[]>()
const shares = new WeakMap<object, Share>()

/** Notes which store a cache is made over, and its default ttl, for caches that are made of caches. */
export function noteStore(cache: object, store: Store, ttlMs: number): void {
  stores.set(cache, { store, ttlMs })
}

/** The store of a whole cache; `undefined` for a namespace, and for what is no cache of this copy of the package. */
export function storeOf(cache: unknown): Store | undefined {
  return typeof cache === 'object' && cache !== null ? stores.get(cache)?.store : undefined
}

/** The default ttl of a whole cache, in milliseconds. */
export function defaultTtlOf(cache: object): number {
  return stores.get(cache)?.ttlMs ?? Infinity
}

/** What is closed with a cache. */
export interface Closable {
  close(): Promise<void>
}

/** Has others closed, in their order, whenever a cache has been closed. */
export function closeWith(cache: object, others: readonly Closable[]): void {
  owned.set(cache, others)
}

/** What is closed with a cache. */
export function closedWith(cache: object): readonly Closable[] {
  return owned.get(cache) ?? []
}

/** Notes how others can share the server of a cache. */
export function noteShare(cache: object, share: Share): void {
  shares.set(cache, share)
}

/** How others can share the server of a cache; `undefined` when they can't. */
export function shareOf(cache: unknown): Share | undefined {
  return typeof cache === 'object' && cache !== null ? shares.get(cache) : undefined
}
