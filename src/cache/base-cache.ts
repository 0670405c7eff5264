import { abortable } from '../core/abort.ts'
import type { AtomicStore } from '../core/atomic-store.ts'
import type { CacheStats } from '../core/counters.ts'
import { CHANNELS } from '../core/observing/channels.ts'
import type { CacheEvents } from '../core/observing/events.ts'
import { checkFunction } from '../options/checks.ts'
import { durationMs, type Duration } from '../options/durations.ts'
import type { Health } from '../core/health.ts'
import type { Explanation } from '../core/explanation.ts'
import {
  GET_OPTIONS,
  GET_OR_SET_OPTIONS,
  READ_OPTIONS,
  type CounterOptions,
  type GetOptions,
  type GetOrSetOptions,
  type ReadOptions,
  type SetOptions,
} from '../options/entry-options.ts'
import { checkChoice, checkOptions, type CacheOptions, type NamespaceOptions } from '../options/options.ts'
import { isPromise } from '../core/promise.ts'
import { rowVersionOf } from '../options/resolve.ts'
import type { Invalidation, Store } from '../core/store.ts'
import { NO_TAGS, checkTag, checkTags } from '../keys/tags.ts'
import type { NotModified } from '../loading/load-context.ts'
import type { GetResult } from '../loading/reader.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'
import { addTo } from './counting.ts'
import type { Entries } from './entries.ts'
import { Invalidator, type KeyInvalidation, type TagInvalidation } from './invalidator.ts'
import type { Absent, Loaded, Loader, ManyLoader } from './loader.ts'
import { Loads } from './loads.ts'
import { statsOf, type StatsOptions } from './observing/stats-of.ts'
import { scan } from './scan.ts'
import { asKeys, Scope } from './scope.ts'
import { closedWith, noteStore } from './stores.ts'
import { warm } from './warm.ts'
import { wrapIn, type Wrappable, type WrapOptions, type Wrapped } from './wrap.ts'
import { ONE_SET_OPTIONS, Writer, type SetManyResult, type SetResult } from './writer.ts'

/** Options of `serialize` and `deserialize`. */
export interface BytesOptions {
  /** The key of the entry. The bytes of an encrypted entry can be read under its key only. */
  readonly key?: string | undefined
}

const IN_PROCESS = { engine: 'custom', servers: [], queued: 0 } as const

/** Returns the scope of a cache or namespace; `undefined` for anything that this copy of the package has not made. */
export let scopeOf: (cache: object) => Scope | undefined

/**
 * The one interface of every engine, and its one implementation. An engine gives the constructor its store.
 *
 * Keys are non-empty text of at most 1,024 bytes (prefix included) that does not begin with `!`. Values are those that
 * the store can give back as they were, never `undefined`. Every caller gets a value of its own. Wrong keys, durations
 * and options reject with an error that names them. A store in trouble never rejects (unless `onError: 'throw'`). It
 * means a miss, a `false` or an `undefined`, a count and one log line.
 */
export abstract class BaseCache<V = unknown> {
  static {
    scopeOf = (cache) => (#scope in cache ? cache.#scope : undefined)
  }

  readonly #scope: Scope
  readonly #writer: Writer
  readonly #invalidator: Invalidator
  readonly #loads: Loads

  /** @throws OptionsError, KeyError for wrong options. */
  protected constructor(store: Store | Scope, options: CacheOptions & ValueOptions = {}) {
    this.#scope = store instanceof Scope ? store : Scope.root(store, options)
    if (!(store instanceof Scope)) noteStore(this, store)
    this.#writer = new Writer(this.#scope)
    this.#invalidator = new Invalidator(this.#scope)
    this.#loads = new Loads(this.#scope)
  }

  /**
   * Returns the fresh value of a key. `undefined` is a miss; `null` is a value, which a loader may have stored. With
   * `stale` it may be stale. With `result: 'full'` it tells whether it is, for how long it will be fresh, and where it was
   * found. The caller of an untyped cache names the type: `get<User>(key)`.
   */
  async get(key: string, options: ReadOptions & { readonly result: 'full' }): Promise<GetResult<V | null>>
  async get<T>(key: string, options: ReadOptions & { readonly result: 'full' }): Promise<GetResult<T>>
  async get(
    key: string,
    options?: ReadOptions & { readonly result?: 'value' | undefined },
  ): Promise<V | null | undefined>
  async get<T>(
    key: string,
    options?: ReadOptions & { readonly result?: 'value' | undefined },
  ): Promise<T | undefined>
  async get(key: string, options?: GetOptions): Promise<unknown> {
    const scope = this.#scope
    const full = scope.key(key)
    if (options !== undefined) return this.#getWith(key, full, options)
    const found = scope.runtime.pipeline.reader.get(full, scope.reading, scope.family)
    return isPromise(found) ? await found : found
  }

  /** Returns the fresh values among `keys`, in the order of `keys`; one round trip. With `stale` they may be stale. */
  async getMany(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, V | null>>
  async getMany<T>(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, T>>
  async getMany(keys: Iterable<string>, options: ReadOptions = {}): Promise<ReadonlyMap<string, unknown>> {
    const names = asKeys(keys)
    const full = this.#scope.list(names)
    checkOptions(options, READ_OPTIONS, 'getMany')
    const { reader } = this.#scope.runtime.pipeline
    const reading = this.#scope.readingFor(options)
    const read = () => reader.getMany('getMany', full, names, reading, this.#scope.family)
    return abortable(options.signal, read)
  }

  /**
   * Stores a value. `true` = stored. `false` = the store is in trouble, there is a newer `rowVersion`, or the value
   * can't be kept as it is. In the last case the old entry is removed. `result: 'full'` tells them apart. A date in the
   * past means expired now, which removes the old entry. With `ifAbsent` it never replaces or removes a fresh entry, and
   * `false` also means that there is one.
   */
  async set(key: string, value: V, options: SetOptions & { readonly result: 'full' }): Promise<SetResult>
  async set(key: string, value: V, ttlOrOptions?: Duration | SetOptions): Promise<boolean>
  async set(key: string, value: V, ttlOrOptions?: Duration | SetOptions): Promise<boolean | SetResult> {
    const full = this.#scope.key(key)
    const settings = this.#scope.writeSettings(ttlOrOptions, 'set', ONE_SET_OPTIONS)
    const result =
      settings.ifAbsent === true
        ? this.#writer.add(full, value, settings)
        : this.#writer.set(full, value, settings)
    const settled = isPromise(result) ? await result : result
    return settings.result === 'full' ? settled : settled.stored
  }

  /**
   * Stores several values, given as a record, a Map, or an iterable of `[key, value, ttlOrOptions?]`. Options of an entry
   * go before those of the call, and its tags are added to them. `true` = all stored; `result: 'full'` tells how many.
   * Nothing is written if a key, duration or option among them is wrong.
   */
  async setMany(
    entries: Entries<V>,
    options: Omit<SetOptions, 'ifAbsent'> & { readonly result: 'full' },
  ): Promise<SetManyResult>
  async setMany(entries: Entries<V>, ttlOrOptions?: Duration | Omit<SetOptions, 'ifAbsent'>): Promise<boolean>
  async setMany(
    entries: Entries<V>,
    ttlOrOptions?: Duration | Omit<SetOptions, 'ifAbsent'>,
  ): Promise<boolean | SetManyResult> {
    return this.#writer.setMany(entries, ttlOrOptions)
  }

  /** Removes a key and voids the loads of it that are under way. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return (await this.#writer.remove('delete', [this.#scope.key(key)])) === 1
  }

  /** Removes keys and counts those that existed; one round trip. */
  async deleteMany(keys: Iterable<string>): Promise<number> {
    return this.#writer.remove('deleteMany', [...this.#scope.keys(keys).keys()])
  }

  /**
   * Removes a key or several, as {@link BaseCache.delete} does. Tells how that ended in this process (`l1`) and on the
   * shared server (`l2`, `'none'` in memory). A read with the token sees this invalidation on any node. One round trip.
   * With `keepStale` an entry with grace becomes stale. With `rowVersion` a newer entry stays, and nothing older is
   * stored for a minute.
   */
  async invalidate(keys: string | Iterable<string>, options: KeyInvalidation = {}): Promise<Invalidation> {
    const full = this.#scope.keys(typeof keys === 'string' ? [keys] : keys)
    checkOptions(options, ['keepStale', 'rowVersion'], 'invalidate')
    const { keepStale, rowVersion } = options
    const version = rowVersion === undefined ? undefined : rowVersionOf(rowVersion, 'invalidate: rowVersion')
    return this.#invalidator.run('invalidate', [...full.keys()], NO_TAGS, { keepStale, rowVersion: version })
  }

  /**
   * Makes the entries with the tag, or with one of the tags, invisible in the whole cache. A tag is one step for any
   * number of entries, and there may be any number of tags. Values that are being loaded or set with the tag at that moment are invisible afterwards, too.
   * Tells how it ended as {@link BaseCache.invalidate} does. With `keepStale` entries with grace become stale instead.
   * @throws KeyError for text that can't be a tag.
   */
  async invalidateTag(
    tags: string | readonly string[],
    options: TagInvalidation = {},
  ): Promise<Invalidation> {
    this.#scope.assertOpen()
    const checked = typeof tags === 'string' ? [checkTag(tags)] : checkTags(tags, 'invalidateTag', Infinity)
    checkOptions(options, ['keepStale'], 'invalidateTag')
    return this.#invalidator.run('invalidateTag', [], checked, options)
  }

  /** Removes a key and returns its fresh value in one atomic step, so that only one of several callers gets it. */
  async take(key: string): Promise<V | null | undefined>
  async take<T>(key: string): Promise<T | undefined>
  async take(key: string): Promise<unknown> {
    const full = this.#scope.key(key)
    const { pipeline } = this.#scope.runtime
    const result = await this.#writer.one('take', { kind: 'take', key: full, ...this.#scope.reading })
    const stored = result?.stored
    if (stored === undefined) return undefined
    this.#scope.invalidated('take', { keys: [full], removed: 1, l2: 'acked' })
    return pipeline.reader.view('take', full, stored, this.#scope.family)
  }

  /** Whether there is a fresh entry. */
  async has(key: string): Promise<boolean> {
    return (await this.#remainingMs('has', key)) !== undefined
  }

  /** Returns the seconds until the entry expires, `Infinity` if it never does, `undefined` if there is none. */
  async ttl(key: string): Promise<number | undefined> {
    const remainingMs = await this.#remainingMs('ttl', key)
    return remainingMs && remainingMs / 1000
  }

  /** Gives an entry a new ttl without writing its value. `true` = it existed. A date in the past removes it. */
  async expire(key: string, ttl: Duration): Promise<boolean> {
    const full = this.#scope.key(key)
    const ttlMs = durationMs(ttl, 'expire', this.#scope.runtime.clock, this.#scope.runtime.doubts)
    if (!(ttlMs > 0)) return (await this.#writer.remove('expire', [full])) === 1
    const op = { kind: 'expire', key: full, ttlMs, ...this.#scope.reading } as const
    return (await this.#writer.one('expire', op))?.ok ?? false
  }

  /**
   * Adds to a counter, atomically, and returns its new value; a missing one starts at 0. The ttl and the tags (given or
   * default) apply only if the key is new, so that a window is never prolonged. With `min` or `max` a step ends at that
   * bound. `undefined` = unavailable, or the value or the result is not a safe integer.
   * @throws OptionsError if `by`, `min` or `max` is not a safe integer.
   */
  async increment(
    key: string,
    by = 1,
    ttlOrOptions?: Duration | CounterOptions,
  ): Promise<number | undefined> {
    return addTo(this.#writer, { operation: 'increment', key, by, sign: 1 }, ttlOrOptions)
  }

  /** Subtracts from a counter; see {@link BaseCache.increment}. */
  async decrement(
    key: string,
    by = 1,
    ttlOrOptions?: Duration | CounterOptions,
  ): Promise<number | undefined> {
    return addTo(this.#writer, { operation: 'decrement', key, by, sign: -1 }, ttlOrOptions)
  }

  /**
   * Returns the fresh value of a key, or else loads and stores it. Concurrent callers of one key share one load. If it
   * fails, all of them get that one error, unchanged, and the next caller starts anew. If the key is written or
   * invalidated during the load, its callers get the loaded value, and it is not stored. `undefined` is not stored;
   * `null` is.
   * @throws the loader's error; RecursiveLoadError if a loader waits for itself.
   */
  // Without `async`, because a load has a promise already and every further one costs.
  // oxlint-disable-next-line typescript/promise-function-async
  getOrSet<T extends V | Absent>(
    key: string,
    loader: Loader<T, V>,
    ttlOrOptions?: Duration | GetOrSetOptions,
  ): Promise<Loaded<V, T>> {
    try {
      const loaded = this.#loads.one('getOrSet', key, loader, ttlOrOptions)
      return (loaded instanceof Promise ? loaded : Promise.resolve(loaded)) as Promise<Loaded<V, T>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Returns the values of several keys, in their order. The loader is called once with the missing keys that no other
   * call is loading. Keys without a value are absent from the result.
   * @throws the loader's error.
   */
  async getOrSetMany<T extends V>(
    keys: Iterable<string>,
    loader: ManyLoader<T>,
    ttlOrOptions?: Duration | GetOrSetOptions,
  ): Promise<Map<string, Loaded<V, T>>> {
    return (await this.#loads.many(keys, loader, ttlOrOptions)) as Map<string, Loaded<V, T>>
  }

  /**
   * Loads and stores the value of a key anew, as `getOrSet` with `forceRefresh` does. A load of the key that is under
   * way is no longer stored. Fails if the loader fails; the entry then stays as it is.
   * @throws the loader's error.
   */
  async refresh<T extends V | Absent>(
    key: string,
    loader: Loader<T, V>,
    ttlOrOptions?: Duration | GetOrSetOptions,
  ): Promise<Loaded<V, T>> {
    return (await this.#loads.anew(key, loader, ttlOrOptions)) as Loaded<V, T>
  }

  /**
   * Fills the cache in advance and returns how many values were loaded. `entries` are as of `setMany`, with values or
   * loaders of them. Present entries stay. A loader that fails keeps no other key out. A few loads are under way at a
   * time.
   */
  async warm(
    entries: Entries<V | Loader<V | Absent, V>>,
    ttlOrOptions?: Duration | GetOrSetOptions,
  ): Promise<number> {
    return warm(this.#scope, entries, ttlOrOptions)
  }

  /**
   * Returns a function whose answers are cached by its arguments: `wrap(findUser, { name: 'user', ttl: '30m' })`. Calls
   * with equal arguments share their entry, and calls with different ones never do. The rules for loaders in {@link
   * BaseCache.getOrSet} hold for `fn`, which learns more by `loadContext()` of `cachette/memoize`.
   * @throws OptionsError, KeyError for wrong options. The function rejects with KeyError if an argument can't be part
   * of a key, such as an instance of a class.
   */
  wrap<F extends Wrappable<V | Absent | NotModified>>(
    fn: F,
    options: WrapOptions<Parameters<F>>,
  ): Wrapped<F> {
    return wrapIn(this, fn, options, GET_OR_SET_OPTIONS)
  }

  /** Removes every key that begins with `prefix`, literally, and counts them; `undefined` = the store is in trouble. */
  async deleteByPrefix(prefix: string): Promise<number | undefined> {
    return this.#invalidator.prefix('deleteByPrefix', prefix)
  }

  /**
   * Removes every key of this cache, or of this namespace. `true` = done. In a namespace it is one step for any number
   * of keys (except in mode `'physical'`).
   */
  async clear(): Promise<boolean> {
    return this.#invalidator.clear()
  }

  /**
   * Yields the keys that begin with `prefix`, literally, in no particular order. Keys written meanwhile may be missing.
   */
  async *keys(
    options: { readonly prefix?: string | undefined } & Pick<ReadOptions, 'signal'> = {},
  ): AsyncGenerator<string, void, undefined> {
    checkOptions(options, ['prefix', 'signal'], 'keys')
    yield* scan(this.#scope, options.prefix === undefined ? '' : options.prefix, options.signal)
  }

  /**
   * Returns a part of this cache with a prefix (`name:`, with `keyVersion` 2 `name:v2:`) and settings and tags of its
   * own. It shares the store, the loads under way and the statistics. Closing it does nothing.
   * @throws KeyError, OptionsError for a wrong name or options.
   */
  namespace<W extends V = V>(name: string, options: NamespaceOptions = {}): BaseCache<W> {
    return new Namespace<W>(this.#scope.child(name, options))
  }

  /**
   * Returns the bytes of a value in the format in use (docs/wire-format.md), as an engine that keeps bytes would store
   * it.
   * @throws SerializationError whose `path` and `kind` name the part that can't be stored.
   */
  async serialize(value: unknown, options: BytesOptions = {}): Promise<Uint8Array> {
    const key = this.#keyOfBytes('serialize', options)
    return (await this.#scope.runtime.format).serialize(value, key)
  }

  /**
   * Returns the value of bytes that `serialize` made, or of JSON text of any other writer.
   * @throws SerializationError for unreadable bytes, which a read through the cache takes for a miss.
   */
  async deserialize<T = V>(bytes: Uint8Array, options: BytesOptions = {}): Promise<T> {
    const key = this.#keyOfBytes('deserialize', options)
    return (await this.#scope.runtime.format).deserialize(bytes, key) as T
  }

  #keyOfBytes(where: string, options: BytesOptions): string {
    checkOptions(options, ['key'], where)
    return options.key === undefined ? '' : this.#scope.key(options.key)
  }

  /** The store of this cache's rate limits and locks, for `RateLimiter`, `Lock` and `Semaphore`; `undefined` = none. */
  get atomic(): AtomicStore | undefined {
    return this.#scope.runtime.store.atomic
  }

  /**
   * Explains what a read of the key would do now. Names the tiers in their order, the life of the entries and the state
   * of their tags. Names also how much this process may have missed, and the operations under way. Nothing is loaded,
   * kept or counted.
   */
  async explain(key: string, options: ReadOptions = {}): Promise<Explanation> {
    const full = this.#scope.key(key)
    checkOptions(options, READ_OPTIONS, 'explain')
    const reading = this.#scope.readingFor(options)
    const work = async (): Promise<Explanation> => {
      const { explain } = await import('./explain.ts')
      return explain(this.#scope.runtime.store, full, this.#scope.nameOf(full), reading)
    }
    return abortable(options.signal, work)
  }

  /**
   * Calls `listener` at each event of this cache or namespace, and returns the function that ends that. Events of
   * removals, calls and connections are those of the whole cache. An error of the listener is logged.
   * @throws OptionsError for the name of no event.
   */
  on<Name extends keyof CacheEvents>(
    name: Name,
    listener: (event: CacheEvents[Name]) => unknown,
  ): () => void {
    checkChoice(name, Object.keys(CHANNELS), 'on: event')
    checkFunction(listener, 'on: listener')
    return this.#scope.runtime.on(name, listener, this.#scope.family)
  }

  /**
   * Tells how the cache is: engine, server, breaker, sync age, what waits for the server, the policy, and one word with
   * the reason as a sentence. Never rejects, and waits for no server.
   */
  async health(): Promise<Health> {
    const { runtime } = this.#scope
    const known = runtime.store.health?.() ?? IN_PROCESS
    const { healthOf } = await import('./observing/health.ts')
    return healthOf(runtime.name, known, runtime.closing !== undefined)
  }

  /**
   * Returns the figures since the cache was made. In a namespace they are those of the namespace. With `since`, an
   * earlier answer, they are those of the interval, so that several readers never disturb each other. With `families`
   * those of each namespace and wrapped function are there, too.
   * @throws OptionsError for wrong options.
   */
  stats(options: StatsOptions = {}): CacheStats {
    return statsOf(this.#scope, options)
  }

  /**
   * Waits for loads under way, for as long as `closeTimeout`, then frees the cache's resources. Loaders that run may
   * use the cache until then. Every other call rejects with ClosedError, and so do the callers of loads that have not
   * ended.
   */
  async close(): Promise<void> {
    await this.#scope.close()
    for (const other of closedWith(this)) await other.close()
  }

  /** Closes the cache at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // A method of its own, because the variables of its closures would be allocated at every plain `get`.
  async #getWith(key: string, full: string, options: GetOptions): Promise<unknown> {
    checkOptions(options, GET_OPTIONS, 'get')
    const { result = 'value', signal } = options
    checkChoice(result, ['value', 'full'], 'get: result')
    const { runtime, family, ttlMs } = this.#scope
    const { reader } = runtime.pipeline
    const reading = this.#scope.readingFor(options)
    return abortable(signal, async () => {
      if (result === 'full') return reader.getInFull(full, reading, ttlMs, family)
      if (reading?.stale !== true) return reader.get(full, reading, family)
      return (await reader.getMany('get', [full], [key], reading, family)).get(key)
    })
  }

  async #remainingMs(operation: string, key: string): Promise<number | undefined> {
    const { store, trouble, pipeline } = this.#scope.runtime
    const full = this.#scope.key(key)
    const { family, reading } = this.#scope
    const found = await trouble.attempt(operation, () => store.read([full], reading), family.counters)
    const entry = found?.get(full)
    // Only an entry of a shared store may be unreadable.
    if (entry === undefined || store.isShared !== true) return entry?.remainingMs
    const value = pipeline.reader.view(operation, full, entry.stored, family)
    return value === undefined ? undefined : entry.remainingMs
  }
}

/** A view of a part of a cache's keys, in this module because only here a BaseCache is made of a scope. */
class Namespace<V> extends BaseCache<V> {
  // oxlint-disable-next-line no-useless-constructor
  constructor(scope: Scope) {
    super(scope)
  }
}
