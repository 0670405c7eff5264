import type { CacheOptions } from '../options/options.ts'
import type { Bus } from '../core/remote/log.ts'
import type { RemoteStore } from '../core/remote/remote-store.ts'
import type { Store } from '../core/store.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'

/** The parts that a cache over a shared server gives to a cache that is made over it. */
export interface Shared {
  /** A store of its own on the server. Closing it leaves the connection open. */
  readonly remote: RemoteStore
  /** The bus with the messages of that store; absent if there is none. */
  readonly bus?: Bus | undefined
  /** The prefix that is still to be put before keys; `''` if the store does that. */
  readonly prefix: string
}

/** Makes such a store, with the prefix (default: the cache's own) and the format of values that the options name. */
export type Share = (options: Pick<CacheOptions, 'prefix' | 'serializer'> & ValueOptions) => Shared

const stores = new WeakMap<object, Store>()
const owned = new WeakMap<object, readonly Closable[]>()
const shares = new WeakMap<object, Share>()

/** Notes the store of a cache, for caches that are made of caches. */
export function noteStore(cache: object, store: Store): void {
  stores.set(cache, store)
}

/** Returns the store of a whole cache; `undefined` for a namespace, or if this copy of the package has not made it. */
export function storeOf(cache: unknown): Store | undefined {
  return typeof cache === 'object' && cache !== null ? stores.get(cache) : undefined
}

/** The caches and connections that are closed with a cache. */
export interface Closable {
  close(): Promise<void>
}

/** Closes others, in their order, whenever a cache has been closed. */
export function closeWith(cache: object, others: readonly Closable[]): void {
  owned.set(cache, others)
}

/** The caches and connections that are closed with a cache. */
export function closedWith(cache: object): readonly Closable[] {
  return owned.get(cache) ?? []
}

/** Notes the way in which others can share the server of a cache. */
export function noteShare(cache: object, share: Share): void {
  shares.set(cache, share)
}

/** Returns the way in which others can share the server of a cache; `undefined` if they can't. */
export function shareOf(cache: unknown): Share | undefined {
  return typeof cache === 'object' && cache !== null ? shares.get(cache) : undefined
}
