import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { Store, Stored } from '../core/store.ts'

/** Options of `cache.scope`. */
export interface ScopeOptions {
  /**
   * Whether the first load of each key calls its loader, whatever is stored, and stores the answer: what a user means
   * by shift-reload. Reads without a loader are as ever. Default `false`.
   */
  readonly reload?: boolean
}

/** Past this many keys a scope remembers no more: one that is left open must not become a leak. */
const MOST_KEYS = 10_000

/** What a key had, in a form from which each reader gets a copy; `value` where there is no such form. */
interface Answer {
  readonly stored: Stored | undefined
  readonly value: unknown
}

interface Remembered {
  readonly namespace: string | undefined
  readonly answer: MaybePromise<Answer>
}

/** How a read is remembered. */
export interface Asked {
  readonly key: string
  /** The tag of the reader's namespace: there an entry may be invisible that others see. */
  readonly namespace: string | undefined
  /** Whether what is remembered will do: the caller has no token, signal or other wish of his own. */
  readonly isPlain: boolean
}

/**
 * What one request has read of a cache, so that it asks once for a key (docs/decisions/0060-a-scope-remembers-reads.md).
 * Loaders see nothing of it: what they make is stored, and must not be made of what is remembered.
 */
export class RequestScope {
  /** What loaders see of it: which keys are still to be loaded anew, and nothing that was read. */
  readonly forLoaders: RequestScope
  readonly #store: Pick<Store, 'admit' | 'view'>
  readonly #reload: boolean
  readonly #reloaded: Set<string>
  readonly #request: RequestScope
  readonly #remembered = new Map<string, Remembered>()
  /** How often something was forgotten: what was asked before that is not remembered after it. */
  #changes = 0

  constructor(store: Pick<Store, 'admit' | 'view'>, options: ScopeOptions, request?: RequestScope) {
    this.#store = store
    this.#reload = options.reload ?? false
    this.#reloaded = request === undefined ? new Set() : request.#reloaded
    this.#request = request ?? this
    this.forLoaders = request === undefined ? new RequestScope(store, options, this) : this
  }

  /** A read of one key. */
  async get(asked: Asked, ask: () => MaybePromise<unknown>): Promise<unknown> {
    const known = this.#find(asked)
    return known === undefined ? this.#first(asked, ask) : this.#copy(await known.answer)
  }

  /** A load of one key; `ask` is told whether to load whatever is stored. */
  async load(asked: Asked, ask: (reload: boolean) => MaybePromise<unknown>): Promise<unknown> {
    const reload = this.#mustReload(asked.key)
    for (let known = reload ? undefined : this.#find(asked); known !== undefined;) {
      const value = this.#copy(await known.answer)
      if (value !== undefined) return value
      const next = this.#find(asked)
      // Nothing is there, and nobody has begun to load it meanwhile.
      if (next === known) break
      known = next
    }
    return this.#first(asked, () => ask(reload))
  }

  /** A read of several keys; `ask` is given those that are not remembered. */
  async getMany(
    asked: readonly Asked[],
    ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, unknown>>,
  ): Promise<Map<string, unknown>> {
    const known = asked.map((one) => this.#find(one))
    const rest = asked.filter((_, index) => known[index] === undefined)
    const values = new Map<string, unknown>()
    if (rest.length > 0) {
      const asking = ask(rest.map(({ key }) => key))
      const firsts = rest.map((one) => this.#first(one, async () => (await asking).get(one.key)))
      for (const [index, value] of (await Promise.all(firsts)).entries())
        if (value !== undefined) values.set(rest[index]!.key, value)
    }
    for (const [index, { key }] of asked.entries()) {
      const value = known[index] && this.#copy(await known[index].answer)
      if (value !== undefined) values.set(key, value)
    }
    return values
  }

  /** A load of several keys; `ask` is given those that are not remembered. */
  async loadMany(
    asked: readonly Asked[],
    ask: (keys: readonly string[], reload: boolean) => Promise<ReadonlyMap<string, unknown>>,
  ): Promise<Map<string, unknown>> {
    const values = new Map<string, unknown>()
    let reload = false
    for (const one of asked) {
      if (this.#mustReload(one.key)) reload = true
      else {
        const known = this.#find(one)
        const value = known && this.#copy(await known.answer)
        if (value !== undefined) values.set(one.key, value)
      }
    }
    const rest = asked.filter(({ key }) => !values.has(key))
    if (rest.length === 0) return values
    const changes = this.#changes
    const loaded = await ask(
      rest.map(({ key }) => key),
      reload,
    )
    for (const one of rest) {
      const value = loaded.get(one.key)
      if (value === undefined) continue
      values.set(one.key, value)
      if (!this.#isLoader && changes === this.#changes) this.#remember(one, this.#keep(value))
    }
    return values
  }

  /** Forgets keys, or all: they are being changed. */
  forget(keys: readonly string[] | undefined): void {
    if (this.#isLoader) {
      this.#request.forget(keys)
      return
    }
    this.#changes++
    if (keys === undefined) this.#remembered.clear()
    else for (const key of keys) this.#remembered.delete(key)
  }

  get #isLoader(): boolean {
    return this.#request !== this
  }

  #find({ key, namespace, isPlain }: Asked): Remembered | undefined {
    const known = isPlain && !this.#isLoader ? this.#remembered.get(key) : undefined
    return known?.namespace === namespace ? known : undefined
  }

  // Asks, and lets whoever asks meanwhile wait for the same answer.
  async #first(asked: Asked, ask: () => MaybePromise<unknown>): Promise<unknown> {
    if (this.#isLoader) return ask()
    let value: unknown
    const changes = this.#changes
    const answering = async (): Promise<Answer> => {
      value = await ask()
      return this.#keep(value)
    }
    if (!asked.isPlain) {
      const answer = await answering()
      if (changes === this.#changes) this.#remember(asked, answer)
      return value
    }
    const answer = answering()
    const entry = this.#remember(asked, answer)
    try {
      await answer
    } catch (error) {
      if (this.#remembered.get(asked.key) === entry) this.#remembered.delete(asked.key)
      throw error
    }
    return value
  }

  #remember({ key, namespace }: Asked, answer: MaybePromise<Answer>): Remembered | undefined {
    if (this.#remembered.size >= MOST_KEYS && !this.#remembered.has(key)) return undefined
    const entry = { namespace, answer }
    this.#remembered.set(key, entry)
    return entry
  }

  #mustReload(key: string): boolean {
    if (!this.#reload || this.#reloaded.has(key)) return false
    this.#reloaded.add(key)
    return true
  }

  #keep(value: unknown): Answer {
    const stored = value === undefined ? undefined : this.#store.admit(value).stored
    return { stored, value: stored === undefined ? value : undefined }
  }

  #copy({ stored, value }: Answer): unknown {
    return stored === undefined ? value : this.#store.view(stored)
  }
}

/** Runs a change of some keys, or of any, so that a scope forgets what was read before and during it. */
export function forgetting<T>(
  scope: RequestScope | undefined,
  keys: readonly string[] | undefined,
  change: () => MaybePromise<T>,
): MaybePromise<T> {
  scope?.forget(keys)
  const changed = change()
  return scope !== undefined && isPromise(changed) ? forgettingAfter(scope, keys, changed) : changed
}

async function forgettingAfter<T>(
  scope: RequestScope,
  keys: readonly string[] | undefined,
  changed: PromiseLike<T>,
): Promise<T> {
  try {
    return await changed
  } finally {
    scope.forget(keys)
  }
}
