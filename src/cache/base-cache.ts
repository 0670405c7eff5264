import { abortable } from '../core/abort.ts'
import type { CacheStats } from '../core/counters.ts'
import { durationMs, type Duration } from '../core/duration.ts'
import { OptionsError } from '../core/errors.ts'
import type { Explanation } from '../core/explanation.ts'
import { inspect } from '../core/inspect.ts'
import {
  checkOptions,
  type CacheOptions,
  type GetOrSetOptions,
  type NamespaceOptions,
  type ReadOptions,
  type SetOptions,
} from '../core/options.ts'
import { isPromise } from '../core/promise.ts'
import type { Invalidation, Store } from '../core/store.ts'
import { NO_TAGS, checkTag, checkTags } from '../core/tags.ts'
import type { ValueOptions } from '../serialization/rules.ts'
import { entriesOf, loadedValue, type Entries } from './entries.ts'
import type { Absent, Loaded, Loader, ManyLoader } from './loader.ts'
import { explain } from './explain.ts'
import { Invalidator } from './invalidator.ts'
import { Scope } from './scope.ts'
import { noteStore } from './stores.ts'
import { Writer } from './writer.ts'

const READ_OPTIONS = ['signal', 'after']
const SET_OPTIONS = ['ttl', 'tags']
const LOAD_OPTIONS = [...SET_OPTIONS, ...READ_OPTIONS]

/**
 * The one interface of every engine, and its one implementation: an engine gives the constructor its store.
 *
 * Keys are non-empty text of at most 1,024 bytes (prefix included) that does not begin with `!`. Values are
 * what the store can give back as they were, never `undefined`. Every value a caller gets is his own. Wrong
 * keys, durations and options reject with an error that names them; a store in trouble never rejects: it
 * means a miss, a `false` or an `undefined`, a count and one log line (unless `onError: 'throw'`).
 */
export abstract class BaseCache<V = unknown> {
  readonly #scope: Scope
  readonly #writer: Writer
  readonly #invalidator: Invalidator

  /** @throws OptionsError, KeyError for wrong options. */
  protected constructor(store: Store | Scope, options: CacheOptions & ValueOptions = {}) {
    this.#scope = store instanceof Scope ? store : Scope.root(store, options)
    if (!(store instanceof Scope)) noteStore(this, store)
    this.#writer = new Writer(this.#scope.runtime)
    this.#invalidator = new Invalidator(this.#scope)
  }

  /** The fresh value of a key. `undefined` is a miss; `null` is a value. */
  async get<T = V>(key: string, options?: ReadOptions): Promise<T | undefined> {
    const full = this.#scope.key(key)
    let { reading } = this.#scope
    if (options !== undefined) {
      checkOptions(options, READ_OPTIONS, 'get')
      options.signal?.throwIfAborted()
      reading = this.#scope.readingFor(options)
    }
    const found = this.#scope.runtime.pipeline.get(full, reading)
    if (!isPromise(found)) return found as T | undefined
    return (await abortable(options?.signal, () => found)) as T | undefined
  }

  /** The fresh values among `keys`, in the order of `keys`; one round trip. */
  async getMany<T = V>(keys: Iterable<string>, options: ReadOptions = {}): Promise<Map<string, T>> {
    const full = this.#scope.keys(keys)
    checkOptions(options, READ_OPTIONS, 'getMany')
    const { pipeline } = this.#scope.runtime
    const reading = this.#scope.readingFor(options)
    return callersMap(
      full,
      await abortable(options.signal, () => pipeline.getMany([...full.keys()], reading)),
    )
  }

  /**
   * Stores a value. `true` = stored; `false` = the store is in trouble, or the value can't be kept as it is,
   * and then the old entry is removed. A date in the past means expired now: the old entry is removed.
   */
  async set(key: string, value: V, ttlOrOptions?: Duration | SetOptions): Promise<boolean> {
    const full = this.#scope.key(key)
    const entry = this.#scope.entryFor(ttlOrOptions, SET_OPTIONS, 'set')
    return this.#writer.set('set', [{ key: full, value, ...entry }])
  }

  /**
   * Stores several values, given as a record, a Map, or an iterable of `[key, value, ttlOrOptions?]`.
   * `true` = all stored. Nothing is written when a key, duration or option among them is wrong.
   */
  async setMany(entries: Entries<V>, ttlOrOptions?: Duration | SetOptions): Promise<boolean> {
    const common = this.#scope.entryFor(ttlOrOptions, SET_OPTIONS, 'setMany')
    const writes = entriesOf(entries).map(([key, value, own]) => ({
      key: this.#scope.key(key),
      value,
      ...(own === undefined ? common : this.#scope.entryFor(own, SET_OPTIONS, `setMany: ${inspect(key)}`)),
    }))
    return this.#writer.set('setMany', writes)
  }

  /** Removes a key and voids loads of it that are under way. `true` = it existed. */
  async delete(key: string): Promise<boolean> {
    return (await this.#remove('delete', [this.#scope.key(key)])) === 1
  }

  /** Removes keys and counts those that existed; one round trip. */
  async deleteMany(keys: Iterable<string>): Promise<number> {
    return this.#remove('deleteMany', [...this.#scope.keys(keys).keys()])
  }

  /**
   * Removes a key or several, as {@link BaseCache.delete} does, and tells how that ended in this process (`l1`) and on
   * the server that others share (`l2`, `'none'` in memory). The token gives whoever reads with it, on any node, what
   * is valid now. One round trip.
   */
  async invalidate(keys: string | Iterable<string>): Promise<Invalidation> {
    const full = this.#scope.keys(typeof keys === 'string' ? [keys] : keys)
    return this.#invalidator.run('invalidate', [...full.keys()], NO_TAGS)
  }

  /**
   * Makes invisible whatever bears the tag, or one of the tags, in the whole cache: one step, however many entries that
   * are. What is being loaded or set with the tag at that moment is not seen afterwards, either. Tells how it ended as
   * {@link BaseCache.invalidate} does.
   * @throws KeyError for what can't be a tag.
   */
  async invalidateTag(tags: string | readonly string[]): Promise<Invalidation> {
    this.#scope.assertOpen()
    const checked = typeof tags === 'string' ? [checkTag(tags)] : checkTags(tags, 'invalidateTag')
    return this.#invalidator.run('invalidateTag', [], checked)
  }

  /** Removes a key and returns its fresh value, in one atomic step: only one of several callers gets it. */
  async take<T = V>(key: string): Promise<T | undefined> {
    const full = this.#scope.key(key)
    const { pipeline, counters } = this.#scope.runtime
    const result = await this.#writer.one('take', { kind: 'take', key: full, ...this.#scope.reading })
    const stored = result?.stored
    if (stored === undefined) return undefined
    counters.invalidations++
    return pipeline.view('take', full, stored) as T | undefined
  }

  /** Whether there is a fresh entry. */
  async has(key: string): Promise<boolean> {
    return (await this.#remainingMs('has', key)) !== undefined
  }

  /** Seconds until the entry expires, `Infinity` if it never does, `undefined` if there is none. */
  async ttl(key: string): Promise<number | undefined> {
    const remainingMs = await this.#remainingMs('ttl', key)
    return remainingMs && remainingMs / 1000
  }

  /** Gives an entry a new ttl without writing its value. `true` = it existed. A date in the past removes it. */
  async expire(key: string, ttl: Duration): Promise<boolean> {
    const full = this.#scope.key(key)
    const ttlMs = durationMs(ttl, 'expire', this.#scope.runtime.clock)
    if (!(ttlMs > 0)) return (await this.#remove('expire', [full])) === 1
    const op = { kind: 'expire', key: full, ttlMs, ...this.#scope.reading } as const
    return (await this.#writer.one('expire', op))?.ok ?? false
  }

  /**
   * Adds to a counter, atomically, and returns its new value; a missing one starts at 0. The ttl and the tags
   * (given or default) apply only when the key is new, so that a window is never prolonged. `undefined` = unavailable,
   * or what is stored is no safe integer, or would become none: never a made-up number.
   * @throws OptionsError when `by` is no safe integer.
   */
  async increment(key: string, by = 1, ttlOrOptions?: Duration | SetOptions): Promise<number | undefined> {
    return this.#add('increment', key, by, 1, ttlOrOptions)
  }

  /** Subtracts from a counter; see {@link BaseCache.increment}. */
  async decrement(key: string, by = 1, ttlOrOptions?: Duration | SetOptions): Promise<number | undefined> {
    return this.#add('decrement', key, by, -1, ttlOrOptions)
  }

  /**
   * The fresh value of a key, else what the loader makes, stored. Concurrent callers of one key share one load;
   * if it fails, all of them get that one error, unchanged, and the next caller starts anew. A write or
   * invalidation of the key during the load means that what is loaded reaches those who waited and is not
   * stored. `undefined` is not stored; `null` is.
   * @throws whatever the loader throws; RecursiveLoadError when a loader waits for itself.
   */
  async getOrSet<T extends V | Absent>(
    key: string,
    loader: Loader<T>,
    ttlOrOptions?: Duration | GetOrSetOptions,
  ): Promise<Loaded<V, T>> {
    const full = this.#scope.key(key)
    const settings = this.#loadSettings('getOrSet', loader, ttlOrOptions)
    return (await this.#scope.runtime.pipeline.load(full, () => loader({ key }), settings)) as Loaded<V, T>
  }

  /**
   * The values of several keys, in their order; the loader is called once with the keys that are missing and
   * nobody else is loading. Keys without a value are absent from the result.
   * @throws whatever the loader throws.
   */
  async getOrSetMany<T extends V>(
    keys: Iterable<string>,
    loader: ManyLoader<T>,
    ttlOrOptions?: Duration | GetOrSetOptions,
  ): Promise<Map<string, Loaded<V, T>>> {
    const full = this.#scope.keys(keys)
    const settings = this.#loadSettings('getOrSetMany', loader, ttlOrOptions)
    const loadMissing = async (missing: readonly string[]): Promise<Map<string, unknown>> => {
      const valueOf = loadedValue(await loader(missing.map((key) => full.get(key)!)))
      return new Map(
        missing
          .map((key) => [key, valueOf(full.get(key)!)] as const)
          .filter(([, value]) => value !== undefined),
      )
    }
    return callersMap(
      full,
      await this.#scope.runtime.pipeline.loadMany([...full.keys()], loadMissing, settings),
    )
  }

  /** Removes every key that begins with `prefix`, literally, and counts them; `undefined` = the store is in trouble. */
  async deleteByPrefix(prefix: string): Promise<number | undefined> {
    return this.#invalidator.prefix('deleteByPrefix', prefix)
  }

  /**
   * Removes every key of this cache, or of this namespace. `true` = done. In a namespace that is one step, however many
   * keys it has (but in mode `'physical'`).
   */
  async clear(): Promise<boolean> {
    return this.#invalidator.clear()
  }

  /** The keys that begin with `prefix`, literally, in no particular order; those written meanwhile may be missing. */
  async *keys(
    options: { readonly prefix?: string } & Pick<ReadOptions, 'signal'> = {},
  ): AsyncGenerator<string, void, undefined> {
    const { store, trouble } = this.#scope.runtime
    checkOptions(options, ['prefix', 'signal'], 'keys')
    const full = this.#scope.prefixed(options.prefix === undefined ? '' : options.prefix)
    try {
      for await (const key of store.scan(full, this.#scope.reading)) {
        if (options.signal?.aborted) break
        yield key.slice(this.#scope.prefix.length)
      }
      trouble.served('keys')
    } catch (error) {
      trouble.failed('keys', error)
    }
    options.signal?.throwIfAborted()
  }

  /**
   * A part of this cache with a prefix (`name:`, with `keyVersion` 2 `name:v2:`) and settings and tags of its own. It shares
   * the store, the loads under way and the statistics; closing it does nothing.
   * @throws KeyError, OptionsError for a wrong name or options.
   */
  namespace<W extends V = V>(name: string, options: NamespaceOptions = {}): BaseCache<W> {
    return new Namespace<W>(this.#scope.child(name, options))
  }

  /**
   * The bytes of a value in the format in use (docs/wire-format.md), as an engine that keeps bytes would store it.
   * @throws SerializationError whose `path` and `kind` name what can't be stored.
   */
  async serialize(value: unknown): Promise<Uint8Array> {
    return (await this.#scope.runtime.format).serialize(value)
  }

  /**
   * The value of bytes that `serialize` made, or of JSON text of any other writer.
   * @throws SerializationError for bytes that can't be read, which a read through the cache takes for a miss.
   */
  async deserialize<T = V>(bytes: Uint8Array): Promise<T> {
    return (await this.#scope.runtime.format).deserialize(bytes) as T
  }

  /**
   * What a read of the key would do now, and why: the tiers in their order, how long entries live, what has become of
   * their tags, how much this process may have missed, and what is under way. Nothing is loaded, kept or counted.
   */
  async explain(key: string, options: ReadOptions = {}): Promise<Explanation> {
    const full = this.#scope.key(key)
    checkOptions(options, READ_OPTIONS, 'explain')
    const reading = this.#scope.readingFor(options)
    return abortable(options.signal, () => explain(this.#scope.runtime.store, full, reading))
  }

  /** Figures since the cache was made or `resetStats` was called; of the whole cache, in a namespace too. */
  stats(): CacheStats {
    const { counters, store, statsAtReset } = this.#scope.runtime
    return counters.snapshot(store.stats(), statsAtReset)
  }

  /** Starts all figures of the cache at zero. */
  resetStats(): void {
    const { runtime } = this.#scope
    runtime.counters.reset()
    runtime.statsAtReset = runtime.store.stats()
  }

  /** Waits for loads under way, then frees what the cache holds; later calls reject with ClosedError. */
  async close(): Promise<void> {
    await this.#scope.close()
  }

  /** Closes the cache at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #loadSettings(where: string, loader: unknown, ttlOrOptions: Duration | GetOrSetOptions | undefined) {
    if (typeof loader !== 'function')
      throw new OptionsError(`${where}: the loader must be a function, not ${inspect(loader)}`)
    const { ttlMs, tags } = this.#scope.entryFor(ttlOrOptions, LOAD_OPTIONS, where)
    const { signal, after } = (ttlOrOptions ?? {}) as GetOrSetOptions
    return { ttlMs, tags, signal, after }
  }

  async #remainingMs(operation: string, key: string): Promise<number | undefined> {
    const { store, trouble } = this.#scope.runtime
    const full = this.#scope.key(key)
    const found = await trouble.attempt(operation, () => store.read([full], this.#scope.reading))
    return found?.get(full)?.remainingMs
  }

  async #add(
    operation: string,
    key: string,
    by: number,
    sign: 1 | -1,
    ttlOrOptions: Duration | SetOptions | undefined,
  ): Promise<number | undefined> {
    const full = this.#scope.key(key)
    const entry = this.#scope.entryFor(ttlOrOptions, SET_OPTIONS, operation)
    if (!Number.isSafeInteger(by))
      throw new OptionsError(`${operation}: by: ${inspect(by)} is not a safe integer`)
    if (!(entry.ttlMs > 0))
      throw new OptionsError(`${operation}: the time at which the counter ends has passed`)
    // A counter is never -0, which is no integer to other readers of the store.
    const change = sign * by || 0
    const result = await this.#writer.one(operation, { kind: 'increment', key: full, by: change, ...entry })
    if (result === undefined || result.ok || result.unavailable) return result?.number
    this.#scope.runtime.trouble.misfit(
      operation,
      full,
      'what is stored is no safe integer, or would become none',
    )
    return undefined
  }

  async #remove(operation: string, keys: readonly string[]): Promise<number> {
    const results = await this.#writer.run(
      operation,
      keys.map((key) => ({ kind: 'delete', key, ...this.#scope.reading })),
    )
    const removed = results?.filter((result) => result.ok).length ?? 0
    this.#scope.runtime.counters.invalidations += removed
    return removed
  }
}

/** A view of a part of a cache's keys, in this module because only here a BaseCache is made of a scope. */
class Namespace<V> extends BaseCache<V> {
  // oxlint-disable-next-line no-useless-constructor
  constructor(scope: Scope) {
    super(scope)
  }
}

function callersMap<T>(
  full: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, unknown>,
): Map<string, T> {
  const named = new Map<string, T>()
  for (const [key, name] of full) if (values.has(key)) named.set(name, values.get(key) as T)
  return named
}
