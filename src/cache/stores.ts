import type { Store } from '../core/store.ts'

const stores = new WeakMap<object, Store>()

/** Notes which store a cache is made over, for caches that are made of caches. */
export function noteStore(cache: object, store: Store): void {
  stores.set(cache, store)
}

/** The store of a whole cache; `undefined` for a namespace, and for what is no cache of this copy of the package. */
export function storeOf(cache: unknown): Store | undefined {
  return typeof cache === 'object' && cache !== null ? stores.get(cache) : undefined
}
