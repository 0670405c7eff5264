import type { Context, LoadContext } from './load-context.ts'

/** The answer of a loader of several keys for a key that it leaves out. */
export const ABSENT: unique symbol = Symbol('absent')

/** The user's loader, of one key or of several. */
export interface Source {
  /** Calls the loader for some full keys; `contexts` in their order. */
  call(keys: readonly { readonly key: string }[], contexts: readonly Context[]): unknown
  /** Returns the lookup of a full key in the loader's answer; {@link ABSENT} for a key that it left out. */
  pick(loaded: unknown): (key: string) => unknown
  /** Returns the key as the caller gave it. */
  nameOf(key: string): string
}

/** A loader of one key. */
export class SingleSource implements Source {
  readonly #name: string
  readonly #loader: (context: never) => unknown

  constructor(name: string, loader: (context: never) => unknown) {
    this.#name = name
    this.#loader = loader
  }

  call(_: unknown, contexts: readonly Context[]): unknown {
    return this.#loader(contexts[0] as LoadContext as never)
  }

  pick(loaded: unknown): (key: string) => unknown {
    return () => loaded
  }

  nameOf(): string {
    return this.#name
  }
}
