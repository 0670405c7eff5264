import type { Runtime } from '../cache/runtime.ts'
import type { ReadOutcome, WriteOutcome } from '../core/observing/events.ts'
import type { Family } from '../core/observing/family.ts'
import type { InvalidationReport, LoadReport, Observer } from '../core/observing/observer.ts'
import type { Stored, Tier } from '../core/store.ts'
import { Templates } from '../keys/template-of.ts'
import { familyLabel } from '../metrics/metric.ts'
import type { SentryAttributes, SentryLike } from './sdk.ts'

/** The most keys that a span names. */
const MOST = 100

/** Makes the spans of Sentry's page about caches. Each marks the moment at which an operation has ended. */
export class CacheSpans implements Observer {
  readonly #runtime: Runtime
  readonly #sentry: SentryLike
  readonly #withKeys: boolean
  readonly #templates = new Templates()

  constructor(runtime: Runtime, sentry: SentryLike, withKeys: boolean) {
    this.#runtime = runtime
    this.#sentry = sentry
    this.#withKeys = withKeys
  }

  read(
    family: Family,
    key: string,
    outcome: ReadOutcome,
    tier: Tier | undefined,
    _remainingMs: number | undefined,
    stored: Stored | undefined,
  ): void {
    this.#span('cache.get', this.#namesOf(family, [key]), {
      'cache.hit': outcome !== 'miss',
      'cache.operation': 'get',
      ...(outcome === 'stale' && { 'cache.stale': true }),
      ...(tier && { 'cache.tier': tier }),
      ...this.#sizeOf(stored),
    })
  }

  load({ family, key, outcome, ttlMs, stored }: LoadReport): void {
    if (outcome === 'stored') this.#put(family, key, 'load', true, ttlMs, stored)
    else if (outcome === 'refused') this.#put(family, key, 'load', false, ttlMs, stored)
  }

  write(family: Family, key: string, outcome: WriteOutcome, ttlMs: number, stored: Stored | undefined): void {
    this.#put(family, key, 'set', outcome === 'stored', ttlMs, stored)
  }

  invalidate({ family, operation, keys, tags, l1, l2 }: InvalidationReport): void {
    const names =
      keys.length === 0 && !(this.#withKeys && tags.length > 0) ? [familyLabel(family)] : undefined
    const own = this.#withKeys ? [...keys.map((key) => this.#nameOf(key)), ...tags] : undefined
    this.#span('cache.remove', names ?? own?.slice(0, MOST) ?? this.#namesOf(family, keys), {
      'cache.operation': operation,
      'cache.write': l1 === 'acked' && (l2 === 'acked' || l2 === 'none'),
    })
  }

  #put(
    family: Family,
    key: string,
    operation: string,
    isStored: boolean,
    ttlMs: number,
    stored: Stored | undefined,
  ): void {
    this.#span('cache.put', this.#namesOf(family, [key]), {
      'cache.operation': operation,
      'cache.write': isStored,
      ...(ttlMs < Infinity && { 'cache.ttl': ttlMs / 1000 }),
      ...this.#sizeOf(stored),
    })
  }

  #span(op: string, names: readonly string[], attributes: SentryAttributes): void {
    this.#sentry
      .startInactiveSpan({
        op,
        name: names[0]!,
        onlyIfParent: true,
        attributes: {
          'sentry.origin': 'auto.cache.cachette',
          'cache.name': this.#runtime.name,
          'cache.key': [...names],
          ...attributes,
        },
      })
      .end()
  }

  #namesOf(family: Family, keys: readonly string[]): readonly string[] {
    const nameOf = (key: string): string =>
      this.#withKeys ? this.#nameOf(key) : this.#templates.of(family, key)
    return [...new Set(keys.slice(0, MOST).map(nameOf))]
  }

  #nameOf(key: string): string {
    return this.#runtime.families.root.keyOf(key)
  }

  #sizeOf(stored: Stored | undefined): SentryAttributes {
    const bytes = stored && this.#runtime.store.bytesOf?.(stored)
    return bytes === undefined ? {} : { 'cache.item_size': bytes }
  }
}
