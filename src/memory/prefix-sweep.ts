import { afterTurn } from '../core/system.ts'

/** How many keys are looked at in one turn of the event loop, some milliseconds. */
export const KEYS_PER_TURN = 2048

/** The part of the store that a sweep uses. */
export interface Swept {
  /** Entries at present. */
  readonly size: number
  /** The keys of all entries, in the order in which they came; the store may change meanwhile. */
  held(): Iterator<string>
  /** Removes the entry of a key; whether it was visible. */
  remove(key: string): boolean
}

/**
 * A deletion by prefix. It holds for all keys as soon as it begins, but large stores take several turns of the event loop
 * to carry it out; a key that is used meanwhile is removed before.
 */
export class PrefixSweep {
  readonly #store: Swept
  readonly #prefix: string
  // Keys that were removed on use: an entry that one of them has now is younger than the deletion.
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

  /** Removes all; answers how many were visible. */
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

/** Looks at all keys that there are when it begins, and stops after each {@link KEYS_PER_TURN}. */
export function* looksAt(
  store: Pick<Swept, 'size' | 'held'>,
  look: (key: string) => void,
): Generator<void, void> {
  const { size } = store
  const keys = store.held()
  // Newer keys come last, so those that were there are among as many as there were.
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
