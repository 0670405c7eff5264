import type { Runtime } from '../cache/runtime.ts'
import type { Family } from '../core/observing/family.ts'
import type { CallReport, LoadReport, LoadStart, Observer } from '../core/observing/observer.ts'
import { messageOf } from '../core/logging/thrown.ts'
import { isError } from '../internal/objects.ts'
import { isPromise } from '../core/promise.ts'
import { Templates } from '../keys/template-of.ts'
import { familyLabel } from '../metrics/metric.ts'
import type { OtelAttributes, OtelSpan, OtelSpanContext, OtelTracer } from './api.ts'

const INTERNAL = 0
const CLIENT = 2
const FAILED = 2
/** The most keys that are named, and the most refreshes whose callers are remembered. */
const MOST = 100
/** The time after which a load whose end is not reported counts as ended. */
const FORGOTTEN_MS = 60_000

/** The settings of spans. */
export interface SpanSettings {
  readonly tracer: OtelTracer
  readonly activeSpan: (() => OtelSpan | undefined) | undefined
  readonly withKeys: boolean
}

interface OpenLoad {
  readonly span: OtelSpan
  readonly startedAt: number
  readonly startedAtMs: number
  /** The number of keys whose end is not reported yet. */
  open: number
  outcome: string | undefined
  endedAtMs: number | undefined
}

/** Makes a span of each call of a loader, and of each call that leaves the process for a caller with a span. */
export class Spans implements Observer {
  readonly #runtime: Runtime
  readonly #settings: SpanSettings
  readonly #templates = new Templates()
  readonly #loads = new Map<LoadStart, OpenLoad>()
  // The latest load of each key under way.
  readonly #byKey = new Map<string, OpenLoad>()
  // The spans of the callers whose reads have begun a refresh, by key.
  readonly #refreshing = new Map<string, OtelSpanContext>()
  #isClosed = false

  constructor(runtime: Runtime, settings: SpanSettings) {
    this.#runtime = runtime
    this.#settings = settings
  }

  refreshing(family: Family, key: string): void {
    const span = this.#settings.activeSpan?.()
    if (span === undefined) return
    span.addEvent('cache.refresh', this.#about(family, [key]))
    if (this.#refreshing.size >= MOST) this.#refreshing.delete(this.#refreshing.keys().next().value!)
    this.#refreshing.set(key, span.spanContext())
  }

  around<T>(start: LoadStart, run: () => T): T {
    const called: { answer?: readonly [T]; failure?: readonly [unknown] } = {}
    try {
      this.#inSpan(start, () => {
        try {
          called.answer = [run()]
        } catch (error) {
          called.failure = [error]
        }
        return called.answer?.[0]
      })
    } catch (error) {
      // A tracer that fails must not let the load fail, nor call the loader twice.
      this.#runtime.trouble.listenerFailed('load', error)
    }
    if (called.failure !== undefined) throw called.failure[0]
    return called.answer === undefined ? run() : called.answer[0]
  }

  #inSpan(start: LoadStart, call: () => unknown): void {
    const { clock, name } = this.#runtime
    this.#endForgotten(FORGOTTEN_MS)
    const { family, keys, background } = start
    const startedAt = clock.wallNow()
    const options = {
      kind: INTERNAL,
      attributes: {
        ...this.#about(family, keys),
        'cache.load.keys': keys.length,
        'cache.load.background': background,
      },
      startTime: startedAt,
      ...(background && { root: true, links: this.#linksOf(keys) }),
    }
    this.#settings.tracer.startActiveSpan(`cache.load ${name}`, options, (span) => {
      const load: OpenLoad = {
        span,
        startedAt,
        startedAtMs: clock.now(),
        open: keys.length,
        outcome: undefined,
        endedAtMs: undefined,
      }
      this.#loads.set(start, load)
      for (const key of keys) this.#byKey.set(key, load)
      const settle = (): void => {
        load.endedAtMs = clock.now()
        if (this.#isClosed) this.#end(start, load)
      }
      const answer = call()
      if (isPromise(answer)) answer.then(settle, settle)
      else settle()
    })
  }

  load({ start, outcome, failure }: LoadReport): void {
    const load = start && this.#loads.get(start)
    if (load === undefined) return
    load.outcome = load.outcome === undefined || load.outcome === outcome ? outcome : 'mixed'
    if (failure !== undefined && (outcome === 'failed' || outcome === 'timeout')) fail(load.span, failure[0])
    load.open--
    if (load.open === 0) this.#end(start!, load)
  }

  coalesced(family: Family, key: string): void {
    const span = this.#settings.activeSpan?.()
    if (span === undefined) return
    span.addEvent('cache.load.coalesced', this.#about(family, [key]))
    const joined = this.#byKey.get(key)
    if (joined !== undefined) span.addLink?.({ context: joined.span.spanContext() })
  }

  call({ operation, node, commands, durationMs, outcome, error }: CallReport): void {
    const { tracer, activeSpan } = this.#settings
    // Without a span of a caller it is a heartbeat, or other work of the cache itself.
    if (activeSpan?.() === undefined) return
    const endedAt = this.#runtime.clock.wallNow()
    const span = tracer.startSpan(`cache.call ${operation}`, {
      kind: CLIENT,
      attributes: {
        'cache.name': this.#runtime.name,
        'cache.call.outcome': outcome,
        'db.system.name': 'redis',
        'db.operation.name': operation,
        ...(commands > 1 && { 'db.operation.batch.size': commands }),
        ...addressOf(node),
      },
      startTime: endedAt - durationMs,
    })
    if (outcome !== 'ok') fail(span, error ?? outcome)
    span.end(endedAt)
  }

  /** Ends the spans of all loads that have ended, and of the others when they end. */
  close(): void {
    this.#isClosed = true
    this.#endForgotten(0)
  }

  // The end of a load is not reported if its cache was closed meanwhile.
  #endForgotten(afterMs: number): void {
    const nowMs = this.#runtime.clock.now()
    for (const [start, load] of this.#loads) {
      if (nowMs - load.startedAtMs < afterMs) return
      if (load.endedAtMs !== undefined && nowMs - load.endedAtMs >= afterMs) this.#end(start, load)
    }
  }

  #end(start: LoadStart, load: OpenLoad): void {
    const { span, outcome, startedAt, startedAtMs, endedAtMs } = load
    this.#loads.delete(start)
    for (const key of start.keys) if (this.#byKey.get(key) === load) this.#byKey.delete(key)
    if (outcome !== undefined) span.setAttributes({ 'cache.load.outcome': outcome })
    span.end(startedAt + (endedAtMs ?? this.#runtime.clock.now()) - startedAtMs)
  }

  #about(family: Family, keys: readonly string[]): OtelAttributes {
    return {
      'cache.name': this.#runtime.name,
      'cache.family': familyLabel(family),
      'cache.template': this.#templates.of(family, keys[0]!),
      ...(this.#settings.withKeys && {
        'cache.key': keys.slice(0, MOST).map((key) => this.#runtime.families.root.keyOf(key)),
      }),
    }
  }

  #linksOf(keys: readonly string[]): { context: OtelSpanContext }[] {
    const contexts = keys.flatMap((key) => this.#refreshing.get(key) ?? [])
    for (const key of keys) this.#refreshing.delete(key)
    return [...new Set(contexts)].map((context) => ({ context }))
  }
}

function fail(span: OtelSpan, error: unknown): void {
  const message = messageOf(error)
  const type = isError(error) ? error.name : typeof error === 'string' ? error : typeof error
  span.setAttributes({ 'error.type': type })
  if (isError(error)) span.recordException(error)
  span.setStatus({ code: FAILED, message })
}

function addressOf(node: string): OtelAttributes {
  const colon = node.lastIndexOf(':')
  const port = Number(node.slice(colon + 1))
  if (colon < 0 || !Number.isInteger(port)) return node === '' ? {} : { 'server.address': node }
  return { 'server.address': node.slice(0, colon), 'server.port': port }
}
