import { CHANNELS } from '../../core/observing/channels.ts'
import type {
  CacheEvents,
  ConnectionState,
  FamilyEvent,
  ReadOutcome,
  RemoveCause,
  WriteOutcome,
} from '../../core/observing/events.ts'
import type { Family } from '../../core/observing/family.ts'
import type {
  CallReport,
  InvalidationReport,
  LoadReport,
  LoadStart,
  Observer,
} from '../../core/observing/observer.ts'
import { isPromise } from '../../core/promise.ts'
import type { Stored, Tier } from '../../core/store.ts'
import { Templates } from '../../keys/template-of.ts'

type Name = keyof CacheEvents
type Listener = (event: never) => unknown

interface Listening {
  readonly listener: Listener
  /** The family whose events it gets, those of families below included. */
  readonly family: Family
}

/** The cache that is observed, as far as its events tell of it. */
export interface Observed {
  readonly name: string
  readonly root: Family
  /** Returns the size of a value, if the store keeps bytes. */
  bytesOf(stored: Stored): number | undefined
  /** Logs that a listener has failed. */
  failed(name: Name, error: unknown): void
}

/**
 * All that listen to a cache: observers of the library, and users' listeners, for which events are made. Events are
 * made only if somebody gets them.
 */
export class Observers implements Observer {
  readonly #cache: Observed
  readonly #templates = new Templates()
  readonly #listeners = new Map<Name, Set<Listening>>()
  #all: readonly Observer[] = []

  constructor(cache: Observed) {
    this.#cache = cache
  }

  /** Adds an observer, and returns the function that removes it. */
  add(observer: Observer): () => void {
    this.#all = [...this.#all, observer]
    return () => {
      this.#all = this.#all.filter((one) => one !== observer)
    }
  }

  /** Adds a listener, and returns the function that removes it. */
  on(name: Name, listener: Listener, family: Family): () => void {
    const listening = { listener, family }
    const known = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, known.add(listening))
    return () => void known.delete(listening)
  }

  /** Whether nothing listens, not even to a channel. */
  get isIdle(): boolean {
    return this.#all.length === 0 && Object.keys(CHANNELS).every((name) => !this.#wants(name as Name))
  }

  /** Whether an observer or a listener wants reads. Metrics don't, so that they cost nothing at a hit. */
  get hearsReads(): boolean {
    return this.#all.some((one) => one.read !== undefined) || (this.#listeners.get('read')?.size ?? 0) > 0
  }

  read(
    family: Family,
    key: string,
    outcome: ReadOutcome,
    tier: Tier | undefined,
    remainingMs: number | undefined,
    stored: Stored | undefined,
  ): void {
    for (const one of this.#all) one.read?.(family, key, outcome, tier, remainingMs, stored)
    if (!this.#wants('read')) return
    const ageMs = remainingMs === undefined ? NaN : family.ttlMs - remainingMs
    const isAgeKnown = ageMs >= 0 && ageMs < Infinity
    const about = this.#about(family, key)
    this.#tell('read', family, {
      ...about,
      outcome,
      tier,
      remainingMs,
      ageMs: isAgeKnown ? ageMs : undefined,
    })
  }

  refreshing(family: Family, key: string): void {
    for (const one of this.#all) one.refreshing?.(family, key)
  }

  around<T>(start: LoadStart, run: () => T): T {
    const spanning = this.#all.find((one) => one.around !== undefined)
    return spanning === undefined ? run() : spanning.around!(start, run)
  }

  load(report: LoadReport): void {
    for (const one of this.#all) one.load?.(report)
    if (!this.#wants('load')) return
    const { family, key, outcome, background, durationMs, keys, stored, failure } = report
    this.#tell('load', family, {
      ...this.#about(family, key),
      outcome,
      background,
      durationMs,
      keys,
      bytes: this.#sizeOf(stored),
      error: failure?.[0],
    })
  }

  coalesced(family: Family, key: string): void {
    for (const one of this.#all) one.coalesced?.(family, key)
  }

  write(family: Family, key: string, outcome: WriteOutcome, ttlMs: number, stored: Stored | undefined): void {
    for (const one of this.#all) one.write?.(family, key, outcome, ttlMs, stored)
    if (!this.#wants('write')) return
    this.#tell('write', family, { ...this.#about(family, key), outcome, ttlMs, bytes: this.#sizeOf(stored) })
  }

  invalidate(report: InvalidationReport): void {
    for (const one of this.#all) one.invalidate?.(report)
    if (!this.#wants('invalidate')) return
    const { family, keys, prefix, ...rest } = report
    this.#tell('invalidate', family, {
      cache: this.#cache.name,
      ...rest,
      family: family.name,
      keys: keys.map((key) => this.#nameOf(key)),
      prefix: prefix && this.#nameOf(prefix),
    })
  }

  remove(key: string, cause: RemoveCause): void {
    for (const one of this.#all) one.remove?.(key, cause)
    if (this.#wants('remove'))
      this.#tell('remove', undefined, { ...this.#ofCache(), key: this.#nameOf(key), cause })
  }

  call(report: CallReport): void {
    for (const one of this.#all) one.call?.(report)
    if (this.#wants('call')) this.#tell('call', undefined, { ...this.#ofCache(), ...report })
  }

  connection(node: string, state: ConnectionState, error: unknown): void {
    for (const one of this.#all) one.connection?.(node, state, error)
    if (!this.#wants('connection')) return
    this.#tell('connection', undefined, {
      ...this.#ofCache(),
      node,
      state,
      error,
    })
  }

  #wants(name: Name): boolean {
    return CHANNELS[name].hasSubscribers || (this.#listeners.get(name)?.size ?? 0) > 0
  }

  #about(family: Family, key: string): FamilyEvent {
    const template = this.#templates.of(family, key)
    return { ...this.#ofCache(), family: family.name, template, key: this.#nameOf(key) }
  }

  #sizeOf(stored: Stored | undefined): number | undefined {
    return stored && this.#cache.bytesOf(stored)
  }

  #ofCache(): Pick<FamilyEvent, 'cache'> {
    return { cache: this.#cache.name }
  }

  #nameOf(full: string): string {
    return this.#cache.root.keyOf(full)
  }

  // A listener must not harm the cache, so its error is logged. Events of no family are for all.
  #tell<N extends Name>(name: N, family: Family | undefined, event: CacheEvents[N]): void {
    for (const one of this.#listeners.get(name) ?? []) {
      if (family !== undefined && !family.isIn(one.family)) continue
      try {
        const told = one.listener(event as never)
        if (isPromise(told))
          void Promise.resolve(told).catch((error: unknown) => this.#cache.failed(name, error))
      } catch (error) {
        this.#cache.failed(name, error)
      }
    }
    // Node passes on what a subscriber throws as an uncaught exception.
    CHANNELS[name].publish(event)
  }
}
