import { AsyncLocalStorage } from 'node:async_hooks'
import { ageClock } from '../core/age-clock.ts'
import type { Clock } from '../core/clock.ts'
import { Counters, type CacheStats, type StoreStats } from '../core/counters.ts'
import { Doubts } from '../core/doubts.ts'
import { consoleLogger } from '../core/logger.ts'
import { checkFunction } from '../core/checks.ts'
import {
  checkCacheOptions,
  checkChoice,
  checkOptions,
  timersFor,
  type CacheOptions,
} from '../core/options.ts'
import type { MaybePromise } from '../core/promise.ts'
import { spanMs } from '../core/spans.ts'
import type { Store, ValueFormat } from '../core/store.ts'
import { systemRandom } from '../core/system.ts'
import { Trouble } from '../core/trouble.ts'
import { ShortLived } from '../loading/entry-terms.ts'
import { LoadPipeline } from '../loading/load-pipeline.ts'
import type { ValueOptions } from '../serialization/rules.ts'
import type { WireFormat } from '../serialization/wire-format.ts'
import { RequestScope, type ScopeOptions } from './request-scope.ts'

/** What a cache and all of its namespaces share. */
export class Runtime {
  readonly store: Store
  readonly counters: Counters = new Counters()
  readonly trouble: Trouble
  readonly doubts: Doubts
  readonly pipeline: LoadPipeline
  readonly clock: Clock
  readonly #options: CacheOptions & ValueOptions
  #format: Promise<WireFormat> | undefined
  readonly #closeTimeoutMs: number
  #closing: Promise<void> | undefined
  #isDrained = false
  #statsAtReset: StoreStats
  // Absent until there is a scope: on Node 20 every await of the process pays for it (decision 0002).
  #requests: AsyncLocalStorage<RequestScope> | undefined

  constructor(store: Store, options: CacheOptions & ValueOptions) {
    checkCacheOptions(options)
    const { name = 'cache', logger = consoleLogger, onError = 'ignore' } = options
    const { random = systemRandom } = options
    const clock = ageClock(options.clock)
    const timers = timersFor(options)
    this.#options = options
    this.#closeTimeoutMs = spanMs(options.closeTimeout ?? 5, 'closeTimeout')
    this.store = store
    this.clock = clock
    this.doubts = new Doubts(logger, name)
    const hasConnections = store.isShared === true
    this.trouble = new Trouble({
      cache: name,
      logger,
      counters: this.counters,
      onError,
      clock,
      hasConnections,
    })
    this.pipeline = new LoadPipeline({
      store,
      counters: this.counters,
      trouble: this.trouble,
      doubts: this.doubts,
      clock,
      timers,
      random,
      shortLived: new ShortLived(),
    })
    this.#statsAtReset = store.stats()
  }

  /** The format in use: that of the store, else one of its own, loaded at the first call. */
  get format(): MaybePromise<ValueFormat> {
    if (this.store.format !== undefined) return this.store.format
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

  /** Runs `work` as a request that remembers what it reads. @throws OptionsError */
  inRequest<T>(options: ScopeOptions, work: () => T): T {
    checkOptions(options, ['reload'], 'scope')
    if (options.reload !== undefined) checkChoice(options.reload, [true, false], 'scope: reload')
    checkFunction(work, 'scope')
    return this.within(new RequestScope(this.store, options), work)
  }

  /** Runs `work` with what that request remembers. */
  within<T>(request: RequestScope, work: () => T): T {
    this.#requests ??= new AsyncLocalStorage()
    return this.#requests.run(request, work)
  }

  /** Figures since the cache was made or they were reset. */
  stats(): CacheStats {
    return this.counters.snapshot(this.store.stats(), this.#statsAtReset)
  }

  /** Starts all figures at zero. */
  resetStats(): void {
    this.counters.reset()
    this.#statsAtReset = this.store.stats()
  }

  /** Waits for loads under way, then closes the store; a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    // Loads that are under way may still need a lock; nobody else is granted one from now on.
    if (this.pipeline.isIdle) this.store.atomic?.close?.()
    await this.pipeline.drain(this.#closeTimeoutMs)
    this.#isDrained = true
    this.#requests?.disable()
    try {
      await this.store.close()
    } catch (error) {
      this.trouble.note('close', error)
    }
  }

  /** Whether a call is refused: the cache was closed, or is being closed and no loader of it makes the call. */
  get closed(): boolean {
    return this.#closing !== undefined && (this.#isDrained || !this.pipeline.isLoading)
  }
}
