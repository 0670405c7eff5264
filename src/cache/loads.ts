import type { Duration } from '../core/duration.ts'
import type { GetOrSetOptions } from '../core/entry-options.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/inspect.ts'
import type { MaybePromise } from '../core/promise.ts'
import type { Context } from '../loading/load-context.ts'
import { ABSENT, type Source } from '../loading/source.ts'
import { entriesOf, loadedValue, type Entries, type LoadedMany } from './entries.ts'
import type { ManyLoader } from './loader.ts'
import type { Scope } from './scope.ts'

/** How many keys are loaded at a time that nobody waits for yet. */
const WARMED_AT_ONCE = 8

/** Reads that load what is missing. */
export class Loads {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** The value of one key. */
  one(
    where: string,
    key: string,
    loader: (context: never) => unknown,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
  ): MaybePromise<unknown> {
    const full = this.#scope.key(key)
    checkLoader(loader, where)
    const settings = this.#scope.loadSettings(ttlOrOptions, where)
    return this.#scope.runtime.pipeline.load(full, key, loader, settings)
  }

  /** What the loader makes now, whatever is stored. */
  anew(
    key: string,
    loader: (context: never) => unknown,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
  ): MaybePromise<unknown> {
    const full = this.#scope.key(key)
    checkLoader(loader, 'refresh')
    const settings = this.#scope.loadSettings(ttlOrOptions, 'refresh')
    return this.#scope.runtime.pipeline.load(full, key, loader, {
      ...settings,
      forceRefresh: true,
      timed: true,
    })
  }

  /** The values of several keys, by their full keys. */
  many<T>(
    full: ReadonlyMap<string, string>,
    loader: ManyLoader<T>,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
  ): Promise<Map<string, unknown>> {
    checkLoader(loader, 'getOrSetMany')
    const settings = this.#scope.loadSettings(ttlOrOptions, 'getOrSetMany')
    return this.#scope.runtime.pipeline.loadMany([...full.keys()], new ManySource(full, loader), settings)
  }

  /** Loads what is missing, some keys at a time, and counts what was loaded. */
  async warm(
    entries: Entries<unknown>,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
  ): Promise<number> {
    const { pipeline } = this.#scope.runtime
    const common = this.#scope.loadSettings(ttlOrOptions, 'warm')
    const waiting = entriesOf(entries).map(([key, value, own]) => ({
      full: this.#scope.key(key),
      key,
      value,
      settings: own === undefined ? common : this.#scope.loadSettings(own, `warm: ${inspect(key)}`),
    }))
    let loaded = 0
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { full, key, value, settings } = next
        const load = async (context: never): Promise<unknown> => {
          const made: unknown = await (typeof value === 'function' ? value(context) : value)
          loaded++
          return made
        }
        try {
          // oxlint-disable-next-line no-await-in-loop
          await pipeline.load(full, key, load, settings)
        } catch {
          // Counted among the load errors; one that fails must not keep the others out.
        }
      }
    }
    await Promise.all(Array.from({ length: WARMED_AT_ONCE }, work))
    return loaded
  }
}

/** A loader of several keys, with the keys as the caller gave them. */
class ManySource<T> implements Source {
  readonly #names: ReadonlyMap<string, string>
  readonly #loader: ManyLoader<T>

  constructor(names: ReadonlyMap<string, string>, loader: ManyLoader<T>) {
    this.#names = names
    this.#loader = loader
  }

  call(keys: readonly { readonly key: string }[], [context]: readonly Context[]): unknown {
    const names = keys.map(({ key }) => this.nameOf(key))
    return this.#loader(names, {
      get signal() {
        return context!.signal
      },
    })
  }

  pick(loaded: unknown): (key: string) => unknown {
    const valueOf = loadedValue(loaded as LoadedMany<T>)
    return (key) => {
      const value = valueOf(this.nameOf(key))
      return value === undefined ? ABSENT : value
    }
  }

  nameOf(key: string): string {
    return this.#names.get(key)!
  }
}

function checkLoader(loader: unknown, where: string): void {
  if (typeof loader === 'function') return
  throw new OptionsError(`${where}: the loader must be a function, not ${inspect(loader)}`)
}
