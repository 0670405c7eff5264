import { afterTurn } from '../core/time/system.ts'

/** The number of keys that are looked at in one turn of the event loop, some milliseconds. */
const KEYS_PER_TURN = 2048

/** The part of the store that a sweep uses. */
export interface Swept {
  /** The number of entries at present. */
  readonly size: number
  /** Returns the keys of all entries in the order in which they came. The store may change meanwhile. */
  held(): Iterator<string>
  /** Removes the entry of a key. Returns whether it was visible. */
  remove(key: string): boolean
}

/**
 * A deletion by prefix. It holds for all keys as soon as it begins, but a large store takes several turns of the event
 * loop to carry it out. A key that is used meanwhile is removed before its use.
 */
export class PrefixSweep {
  readonly #store: Swept
  readonly #prefix: string
  // Keys that were removed on use. A present entry of such a key is younger than the deletion.
  readonly #settled = new Set<string>()
  #count = 0

  constructor(store: Swept, prefix: string) {
    this.#store = store
    this.#prefix = prefix
  }

  /** Removes the entry of a key that is about to be used, if the deletion covers it. */
  settle(key: string): void {
    if (!key.startsWith(this.#prefix) || this.#settled.has(key)) return
    this.#settled.add(key)
    this.#remove(key)
  }

  /** Removes all. Returns the number of visible ones. */
  run(): number | Promise<number> {
    const looks = looksAt(this.#store, (key) => {
      if (key.startsWith(this.#prefix) && !this.#settled.has(key)) this.#remove(key)
    })
    return looks.next().done === true ? this.#count : this.#runOn(looks)
  }

  async #runOn(looks: Iterator<void>): Promise<number> {
    do await turn()
    while (looks.next().done !== true)
    return this.#count
  }

  #remove(key: string): void {
    if (this.#store.remove(key)) this.#count++
  }
}

/** Looks at all keys that exist when it begins, and stops after each {@link KEYS_PER_TURN}. */
export function* looksAt(
  store: Pick<Swept, 'size' | 'held'>,
  look: (key: string) => void,
): Generator<void, void> {
  const { size } = store
  const keys = store.held()
  // Newer keys come last, so the first `size` keys include all those that were there.
  for (let looks = 1; looks <= size; looks++) {
    const { done, value } = keys.next()
    if (done === true) return
    look(value)
    if (looks % KEYS_PER_TURN === 0 && looks < size) yield
  }
}

/** Resolves in the next turn of the event loop. */
export async function turn(): Promise<void> {
  return new Promise((resolve) => {
    afterTurn(resolve)
  })
}
