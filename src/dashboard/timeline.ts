import type { Runtime } from '../cache/runtime.ts'
import type { CacheEvents } from '../core/observing/events.ts'
import { Templates } from '../keys/template-of.ts'
import type { TimelineEvent } from './figures.ts'

/** The number of events that are kept. */
const KEPT = 500
/** Equal events within so many milliseconds are one. */
const TOGETHER_MS = 1_000

type Event = { -readonly [Name in keyof TimelineEvent]: TimelineEvent[Name] }

/** The last events of all caches: invalidations, connections, loads that failed, and stampedes that were prevented. */
export class Timeline {
  readonly #events: Event[] = []
  readonly #latest = new Map<string, { readonly event: Event; readonly beganMs: number }>()
  readonly #templates = new Templates()
  readonly #showValues: boolean
  #changes = 0

  constructor(showValues: boolean) {
    this.#showValues = showValues
  }

  /** The number of changes so far. */
  get changes(): number {
    return this.#changes
  }

  /** Follows a cache. Returns the function that ends that. */
  follow(runtime: Runtime): () => void {
    const { root } = runtime.families
    const note = (kind: TimelineEvent['kind'], text: string): void => this.#note(runtime, kind, text)
    const ends = [
      runtime.on('invalidate', (event) => note('invalidation', invalidationText(event)), root),
      runtime.on('connection', (event) => note('connection', connectionText(event)), root),
      runtime.on('load', (event) => this.#noteLoad(event, note), root),
      runtime.observe({
        coalesced: (family, key) =>
          note('stampede', `callers of ${this.#templates.of(family, key)} shared the load of another`),
      }),
    ]
    return () => {
      for (const end of ends) end()
    }
  }

  /** Returns the events that are new or have changed since there were so many changes, the oldest first. */
  since(changes: number): readonly TimelineEvent[] {
    return this.#events.filter(({ change }) => change > changes).map((event) => ({ ...event }))
  }

  #noteLoad(event: CacheEvents['load'], note: (kind: 'failure', text: string) => void): void {
    const { outcome, template, error, durationMs } = event
    if (outcome === 'timeout') note('failure', `a load of ${template} took longer than hardTimeout`)
    if (outcome !== 'failed') return
    const reason = this.#showValues ? wordsOf(error) : nameOf(error)
    const after = this.#showValues ? ` after ${durationMs.toFixed(0)} ms` : ''
    note('failure', `a load of ${template} failed${after}: ${reason}`)
  }

  #note({ clock, name: cache }: Runtime, kind: TimelineEvent['kind'], text: string): void {
    const subject = `${kind} ${cache} ${text}`
    const change = ++this.#changes
    const latest = this.#latest.get(subject)
    if (latest !== undefined && clock.now() - latest.beganMs < TOGETHER_MS) {
      latest.event.count++
      latest.event.change = change
      return
    }
    const event = { id: change, change, at: clock.wallNow(), cache, kind, text, count: 1 }
    this.#events.push(event)
    if (this.#events.length > KEPT) this.#events.shift()
    // The oldest subject goes, so that there are never more than events.
    this.#latest.delete(subject)
    this.#latest.set(subject, { event, beganMs: clock.now() })
    if (this.#latest.size > KEPT) this.#latest.delete(this.#latest.keys().next().value!)
  }
}

function invalidationText(event: CacheEvents['invalidate']): string {
  const { operation, keys, tags, prefix, removed, l2 } = event
  const subjects = [
    ...(tags.length === 0 ? [] : [counted('tag', tags)]),
    ...(keys.length === 0 ? [] : [counted('key', keys)]),
    ...(prefix === undefined ? [] : [`keys that begin with ${quote(prefix)}`]),
  ]
  const server = l2 === 'none' || l2 === 'acked' ? '' : `; the server: ${l2}`
  const gone = keys.length === 0 && removed === 0 ? '' : `, ${removed} removed`
  return `${operation}${subjects.length === 0 ? '' : ` of ${subjects.join(' and ')}`}${gone}${server}`
}

function counted(noun: string, names: readonly string[]): string {
  if (names.length === 1) return `${noun} ${quote(names[0]!)}`
  return `${names.length} ${noun}s such as ${quote(names[0]!)}`
}

function quote(text: string): string {
  return `"${text.length <= 120 ? text : `${text.slice(0, 119)}…`}"`
}

function connectionText({ node, state }: CacheEvents['connection']): string {
  return `${node} is ${state}`
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'it threw no error'
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return words.slice(0, 200)
}
