import type { Keyspace } from '../server/keyspace.ts'

/** The names of a simulated server and their contents, each until it expires. */
export class Names {
  readonly items: Keyspace
  readonly #now: () => number
  readonly #onExpired: (name: string, value: unknown) => void

  /** `onExpired` receives a name that was looked up after its end. */
  constructor(items: Keyspace, now: () => number, onExpired: (name: string, value: unknown) => void) {
    this.items = items
    this.#now = now
    this.#onExpired = onExpired
  }

  get(name: string): unknown {
    return this.#item(name)?.value
  }

  /** Returns the milliseconds until the name expires; `undefined` if there is none. */
  remainingMs(name: string): number | undefined {
    const item = this.#item(name)
    return item && item.expiresAtMs - this.#now()
  }

  set(name: string, value: unknown, ttlMs: number): void {
    this.items.set(name, { value, expiresAtMs: this.#now() + ttlMs })
  }

  /** Replaces the content of a name and leaves its end as it is. */
  replace(name: string, value: unknown): void {
    const item = this.#item(name)
    if (item !== undefined) this.items.set(name, { value, expiresAtMs: item.expiresAtMs })
  }

  delete(name: string): void {
    this.items.delete(name)
  }

  /** Returns the names that begin with the text and have not expired. */
  beginningWith(start: string): readonly string[] {
    return [...this.items.keys()].filter((name) => name.startsWith(start) && this.get(name) !== undefined)
  }

  #item(name: string): { readonly value: unknown; readonly expiresAtMs: number } | undefined {
    const item = this.items.get(name)
    if (item === undefined || item.expiresAtMs > this.#now()) return item
    this.items.delete(name)
    this.#onExpired(name, item.value)
    return undefined
  }
}
