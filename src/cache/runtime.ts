import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import type { Random, Timers } from '../core/time/clock.ts'
import { sumOf, type CacheStats } from '../core/counters.ts'
import { Doubts } from '../core/logging/doubts.ts'
import { Log } from '../core/logging/log.ts'
import { consoleLogger } from '../core/logging/logger.ts'
import { Families, type Family } from '../core/observing/family.ts'
import { AtomicFigures } from '../core/observing/atomic-figures.ts'
import { CHANNELS } from '../core/observing/channels.ts'
import type { CacheEvents } from '../core/observing/events.ts'
import type { Observer } from '../core/observing/observer.ts'
import { Observers } from './observing/observers.ts'
import { checkCacheOptions, timersFor, type CacheOptions } from '../options/options.ts'
import type { MaybePromise } from '../core/promise.ts'
import { spanMs } from '../options/spans.ts'
import type { Store, ValueFormat } from '../core/store.ts'
import { systemRandom } from '../core/time/system.ts'
import { Trouble } from '../core/logging/trouble.ts'
import type { CacheState } from '../loading/cache-state.ts'
import { ShortLived } from '../loading/ttl-of.ts'
import { LoadPipeline } from '../loading/load-pipeline.ts'
import type { ValueOptions } from '../serialization/json/rules.ts'
import type { WireFormat } from '../serialization/wire/wire-format.ts'

/** The state that a cache, all of its namespaces and its loads share. */
export class Runtime implements CacheState {
  readonly store: Store
  /** The name of the cache in logs and events. */
  readonly name: string
  readonly families: Families
  /** Everything that listens to reads; `undefined` = nothing does, unless the channel has a subscriber. */
  readObserver: Observer | undefined = undefined
  // Everything that listens to anything.
  #listening: Observers | undefined = undefined
  readonly trouble: Trouble
  readonly doubts: Doubts
  readonly pipeline: LoadPipeline
  readonly clock: AgeClock
  readonly timers: Timers
  readonly random: Random
  readonly shortLived: ShortLived = new ShortLived()
  readonly #options: CacheOptions & ValueOptions
  #format: Promise<WireFormat> | undefined
  readonly #closeTimeoutMs: number
  /** Settles when the cache is closed; `undefined` = nobody has closed it. */
  closing: Promise<void> | undefined
  #isDrained = false
  #observers: Observers | undefined = undefined

  constructor(store: Store, options: CacheOptions & ValueOptions) {
    checkCacheOptions(options)
    const { name = 'cache', logger = consoleLogger, onError = 'ignore' } = options
    const clock = ageClock(options.clock)
    this.#options = options
    this.name = name
    this.families = new Families(options.prefix ?? '')
    this.#closeTimeoutMs = spanMs(options.closeTimeout ?? 5, 'closeTimeout', logger)
    this.store = store
    this.clock = clock
    this.timers = timersFor(options)
    this.random = options.random ?? systemRandom
    this.doubts = new Doubts(logger, name)
    const log = new Log(logger, clock, () => ({ cache: name }))
    this.trouble = new Trouble(log, this.families.root.counters, onError, store.isShared === true)
    this.pipeline = new LoadPipeline(this)
  }

  /** The format in use: that of the store, else an own one that is loaded at the first call. */
  get format(): MaybePromise<ValueFormat> {
    if (this.store.format !== undefined) return this.store.format
    this.#format ??= this.#loadFormat()
    return this.#format
  }

  async #loadFormat(): Promise<WireFormat> {
    const { serializer, classes, registry, maxDepth, maxCount } = this.#options
    const { WireFormat: Format } = await import('../serialization/wire/wire-format.ts')
    return new Format({ serializer, classes, registry, maxDepth, maxCount })
  }

  /** Adds an observer of all that the cache does, and returns the function that removes it. */
  observe(observer: Observer): () => void {
    return this.#begin((observers) => observers.add(observer))
  }

  /** Adds a listener to the events of a family and of those below it, and returns the function that removes it. */
  on<Name extends keyof CacheEvents>(
    name: Name,
    listener: (event: CacheEvents[Name]) => unknown,
    family: Family,
  ): () => void {
    return this.#begin((observers) => observers.on(name, listener, family))
  }

  observing(name: keyof CacheEvents): Observer | undefined {
    if (this.#listening === undefined && CHANNELS[name].hasSubscribers) this.#begin()
    return this.#listening
  }

  #begin(add?: (observers: Observers) => () => void): () => void {
    const { families, name, store, trouble } = this
    this.#observers ??= new Observers({
      name,
      root: families.root,
      bytesOf: (stored) => store.bytesOf?.(stored),
      failed: (event, error) => trouble.listenerFailed(event, error),
    })
    const observers = this.#observers
    const remove = add?.(observers)
    if (this.#listening === undefined) store.observe?.(observers, this.clock)
    this.#listening = observers
    this.readObserver = observers.hearsReads ? observers : undefined
    return () => {
      remove?.()
      this.readObserver = observers.hearsReads ? observers : undefined
      if (!observers.isIdle) return
      this.#listening = undefined
      store.observe?.(undefined, this.clock)
    }
  }

  /** Returns the figures of a family, those below it included, since the cache was made. */
  stats(family: Family, withFamilies = false): CacheStats {
    const { atomic } = this.store
    const { limiters, lock, semaphore } = atomic?.figures ?? new AtomicFigures()
    const store = this.store.stats()
    const all = family.all()
    const counts = sumOf(all.map(({ counters }) => counters)).snapshot()
    const copies = Array.from(limiters, ([name, figures]) => [name, { ...figures }] as const)
    return {
      ...counts,
      ...store,
      ...(family.parent !== undefined && { entries: undefined }),
      unreadable: counts.unreadable + (store.unreadable ?? 0),
      ...(withFamilies && {
        families: Object.fromEntries(all.map(({ name, counters }) => [name, counters.snapshot()])),
      }),
      limiters: Object.fromEntries(copies),
      locks: { ...lock },
      semaphores: { ...semaphore },
    }
  }

  /** Waits for loads under way, then closes the store; a second call waits for the first. */
  close(): Promise<void> {
    this.pipeline.audit?.close()
    this.closing ??= this.#end()
    return this.closing
  }

  async #end(): Promise<void> {
    // Loads under way may still need a lock. All other calls are refused one from now on.
    if (this.pipeline.isIdle) this.store.atomic?.close?.()
    await this.pipeline.drain(this.#closeTimeoutMs)
    this.#isDrained = true
    try {
      await this.store.close()
    } catch (error) {
      this.trouble.note('close', error)
    }
  }

  /** Whether a call is refused: the cache was closed, or is being closed and no loader of it makes the call. */
  get closed(): boolean {
    return this.closing !== undefined && (this.#isDrained || !this.pipeline.isLoading)
  }
}
