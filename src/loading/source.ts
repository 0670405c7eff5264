import type { Context, LoadContext } from './load-context.ts'

/** What a loader of several keys answers for a key that it leaves out. */
export const ABSENT: unique symbol = Symbol('absent')

/** The user's loader, of one key or of several. */
export interface Source {
  /** Calls it for some full keys; `contexts` in their order. */
  call(keys: readonly string[], contexts: readonly Context[]): unknown
  /** How the value of a full key is found in what it answered; {@link ABSENT} for a key that it left out. */
  pick(loaded: unknown): (key: string) => unknown
  /** The key as the caller gave it. */
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

  call(_: readonly string[], [context]: readonly Context[]): unknown {
    return this.#loader(context as LoadContext as never)
  }

  pick(loaded: unknown): (key: string) => unknown {
    return () => loaded
  }

  nameOf(): string {
    return this.#name
  }
}
