import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../core/clock.ts'
import { Counters, type StoreStats } from '../core/counters.ts'
import { durationMs, isDuration, type Duration } from '../core/duration.ts'
import { ClosedError, OptionsError } from '../core/errors.ts'
import { inspect } from '../core/inspect.ts'
import { checkKey, checkPrefix } from '../core/key.ts'
import { consoleLogger } from '../core/logger.ts'
import {
  checkCacheOptions,
  checkChoice,
  checkOptions,
  defaultTtlMs,
  timersFor,
  type CacheOptions,
  type NamespaceMode,
  type NamespaceOptions,
  type SetOptions,
} from '../core/options.ts'
import type { EntrySettings, Reading, Store } from '../core/store.ts'
import { systemClock, systemRandom } from '../core/system.ts'
import { NO_TAGS, checkTags, joinTags, namespaceTag, namespaceTags } from '../core/tags.ts'
import { Trouble } from '../core/trouble.ts'
import type { ValueOptions } from '../serialization/rules.ts'
import type { WireFormat } from '../serialization/wire-format.ts'
import { LoadPipeline } from '../loading/load-pipeline.ts'
import { RequestScope, type ScopeOptions } from './request-scope.ts'

/** What a cache and all of its namespaces share. */
export class Runtime {
  readonly store: Store
  readonly counters: Counters = new Counters()
  readonly trouble: Trouble
  readonly pipeline: LoadPipeline
  readonly clock: Clock
  statsAtReset: StoreStats
  readonly #options: CacheOptions & ValueOptions
  #format: Promise<WireFormat> | undefined
  #closing: Promise<void> | undefined
  // Absent until there is a scope: on Node 20 every await of the process pays for it (decision 0002).
  #requests: AsyncLocalStorage<RequestScope> | undefined

  constructor(store: Store, options: CacheOptions & ValueOptions) {
    checkCacheOptions(options)
    const { name = 'cache', logger = consoleLogger, onError = 'ignore' } = options
    const { clock = systemClock, random = systemRandom } = options
    const timers = timersFor(options)
    this.#options = options
    this.store = store
    this.clock = clock
    this.trouble = new Trouble(name, logger, this.counters, onError, clock)
    this.pipeline = new LoadPipeline({
      store,
      counters: this.counters,
      trouble: this.trouble,
      clock,
      timers,
      random,
    })
    this.statsAtReset = store.stats()
  }

  /** The format in use. Loaded at the first call: a cache in memory needs none of it otherwise. */
  get format(): Promise<WireFormat> {
    this.#format ??= this.#loadFormat()
    return this.#format
  }

  async #loadFormat(): Promise<WireFormat> {
    const { serializer, classes, registry, maxDepth, maxCount } = this.#options
    const { WireFormat: Format } = await import('../serialization/wire-format.ts')
    return new Format({ serializer, classes, registry, maxDepth, maxCount })
  }

  /** What is remembered for the running request; `undefined` outside of any. */
  get request(): RequestScope | undefined {
    return this.#requests?.getStore()
  }

  /** Runs `work` as a request that remembers what it reads. */
  inRequest<T>(options: ScopeOptions, work: () => T): T {
    this.#requests ??= new AsyncLocalStorage()
    return this.#requests.run(new RequestScope(this.store, options), work)
  }

  /** Waits for loads under way, then closes the store; a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    await this.pipeline.drain()
    this.#requests?.disable()
    try {
      await this.store.close()
    } catch (error) {
      this.trouble.note('close', error)
    }
  }

  /** Whether the cache was closed, or is being closed. */
  get closed(): boolean {
    return this.#closing !== undefined
  }
}

interface ScopeSettings {
  readonly runtime: Runtime
  readonly rootPrefix: string
  /** What a namespace adds to the prefix of the root; `''` there. */
  readonly path: string
  readonly ttlMs: number
  /** Default tags, without those that stand for a namespace. */
  readonly tags: readonly string[]
  readonly mode: NamespaceMode
}

/** A part of a runtime's keys, with the settings that hold there: the whole of it, or a namespace. */
export class Scope {
  readonly runtime: Runtime
  readonly prefix: string
  /** What its readers ask of an entry; `undefined` = nothing, and then reading has no price. */
  readonly reading: Reading | undefined
  /** The tag that all of its entries bear and no other; `undefined` where they bear none. */
  readonly ownTag: string | undefined
  readonly #settings: ScopeSettings
  readonly #entry: EntrySettings & { readonly tags: readonly string[] }

  private constructor(settings: ScopeSettings) {
    const { runtime, rootPrefix, path, ttlMs, tags, mode } = settings
    this.#settings = settings
    this.runtime = runtime
    this.prefix = rootPrefix + path
    const isGeneration = mode === 'generation'
    const all = isGeneration ? [...namespaceTags(path), ...tags] : tags
    this.#entry = { ttlMs, tags: all }
    this.reading = isGeneration ? { tags: all } : undefined
    this.ownTag = isGeneration ? namespaceTag(path) : undefined
  }

  /** The scope of a whole cache. @throws OptionsError, KeyError for wrong options. */
  static root(store: Store, options: CacheOptions & ValueOptions): Scope {
    const { prefix = '', tags } = options
    checkPrefix(prefix, 'prefix')
    return new Scope({
      runtime: new Runtime(store, options),
      rootPrefix: prefix,
      path: '',
      ttlMs: defaultTtlMs(options.ttl, 'ttl'),
      tags: tags === undefined ? NO_TAGS : checkTags(tags, 'a cache'),
      mode: 'physical',
    })
  }

  /** The scope of a namespace in this one. @throws OptionsError, KeyError for a wrong name or options. */
  child(name: string, options: NamespaceOptions): Scope {
    checkOptions(options, ['ttl', 'keyVersion', 'tags', 'mode'], 'namespace')
    const { keyVersion, ttl, tags } = options
    checkKey(name, this.prefix)
    const path = keyVersion === undefined ? `${name}:` : `${name}:v${wholeNumber(keyVersion)}:`
    checkPrefix(this.prefix + path, 'a namespace')
    const parent = this.#settings
    return new Scope({
      ...parent,
      path: parent.path + path,
      ttlMs: ttl === undefined ? parent.ttlMs : defaultTtlMs(ttl, 'namespace: ttl'),
      tags:
        tags === undefined ? parent.tags : joinTags(parent.tags, checkTags(tags, 'namespace'), 'namespace'),
      mode: this.#modeOfChild(options.mode),
    })
  }

  #modeOfChild(mode: NamespaceMode = 'generation'): NamespaceMode {
    checkChoice(mode, ['generation', 'physical'], 'namespace: mode')
    if (mode === 'generation' || this.#settings.mode === 'physical') return mode
    throw new OptionsError(
      "namespace: mode: 'physical' is not possible in a namespace of mode 'generation', whose clear() would not reach it",
    )
  }

  get #isRoot(): boolean {
    return this.#settings.path === ''
  }

  /** The full key. @throws KeyError for what can't be one, ClosedError when the cache is closed. */
  key(key: string): string {
    this.assertOpen()
    checkKey(key, this.prefix)
    return this.prefix === '' ? key : this.prefix + key
  }

  /** Distinct full keys with the caller's, in the caller's order. @throws as {@link Scope.key} does. */
  keys(keys: Iterable<string>): Map<string, string> {
    if (typeof keys !== 'object' || keys === null || !(Symbol.iterator in keys)) {
      throw new OptionsError(`keys: ${inspect(keys)} is not a list of keys`)
    }
    const full = new Map<string, string>()
    for (const key of keys) full.set(this.key(key), key)
    return full
  }

  /**
   * How an entry is to be written; its ttl is zero or less when it has expired already.
   * @throws OptionsError, KeyError for a wrong duration, tag or option.
   */
  entryFor(
    argument: Duration | SetOptions | undefined,
    accepted: readonly string[],
    where: string,
  ): EntrySettings {
    const usual = this.#entry
    const { clock } = this.runtime
    if (argument === undefined) return usual
    if (isDuration(argument)) return { ttlMs: durationMs(argument, where, clock), tags: usual.tags }
    checkOptions(argument, accepted, where)
    const { ttl, tags } = argument
    return {
      ttlMs: ttl === undefined ? usual.ttlMs : durationMs(ttl, `${where}: ttl`, clock),
      tags: tags === undefined ? usual.tags : joinTags(usual.tags, checkTags(tags, where), where),
    }
  }

  /** What a reader asks for, with his token. */
  readingFor({ after }: { readonly after?: string }): Reading | undefined {
    return after === undefined ? this.reading : { ...this.reading, after }
  }

  /** The full form of a literal beginning of keys, which may be empty. @throws KeyError, ClosedError. */
  prefixed(prefix: string): string {
    return prefix === '' ? (this.assertOpen(), this.prefix) : this.key(prefix)
  }

  /** Closes the whole cache; nothing in a namespace. */
  async close(): Promise<void> {
    if (this.#isRoot) await this.runtime.close()
  }

  /** @throws ClosedError when the cache is closed. */
  assertOpen(): void {
    if (this.runtime.closed) throw new ClosedError('the cache is closed')
  }
}

function wholeNumber(keyVersion: unknown): number {
  if (Number.isSafeInteger(keyVersion) && (keyVersion as number) >= 0) return keyVersion as number
  throw new OptionsError(`namespace: keyVersion: ${inspect(keyVersion)} is not a whole number from 0`)
}
