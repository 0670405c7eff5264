import type { Duration } from '../options/durations.ts'
import type { GetOrSetOptions } from '../options/entry-options.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { MaybePromise } from '../core/promise.ts'
import { ABSENT, type Context, type OneLoader, type Source } from '../loading/load-context.ts'
import { loadedValue, type LoadedMany } from './entries.ts'
import type { ManyLoader } from './loader.ts'
import type { LoadSettings } from '../options/resolve.ts'
import type { Scope } from './scope.ts'

/** The reads that load missing values. */
export class Loads {
  readonly #scope: Scope

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** Returns the value of one key. */
  one(
    where: string,
    key: string,
    loader: OneLoader,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
    more?: Partial<LoadSettings>,
  ): MaybePromise<unknown> {
    const full = this.#scope.key(key)
    checkLoader(loader, where)
    const settings = this.#scope.loadSettings(ttlOrOptions, where)
    return this.#scope.runtime.pipeline.load(full, key, loader, more ? { ...settings, ...more } : settings)
  }

  /** Loads a value anew, even if one is stored. */
  anew(
    key: string,
    loader: OneLoader,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
  ): MaybePromise<unknown> {
    return this.one('refresh', key, loader, ttlOrOptions, { forceRefresh: true, timed: true })
  }

  /** Returns the values of several keys, in the caller's order and by the caller's keys. */
  async many<T>(
    keys: Iterable<string>,
    loader: ManyLoader<T>,
    ttlOrOptions: Duration | GetOrSetOptions | undefined,
  ): Promise<Map<string, unknown>> {
    const full = this.#scope.keys(keys)
    checkLoader(loader, 'getOrSetMany')
    const settings = this.#scope.loadSettings(ttlOrOptions, 'getOrSetMany')
    const { pipeline } = this.#scope.runtime
    const values = await pipeline.loadMany([...full.keys()], new ManySource(full, loader), settings)
    const named = new Map<string, unknown>()
    for (const [key, name] of full) if (values.has(key)) named.set(name, values.get(key))
    return named
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
      audit: context!.audit,
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
