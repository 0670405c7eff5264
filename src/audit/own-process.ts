import type { Clock } from '../core/time/clock.ts'
import type { ConnectionState, WriteOutcome } from '../core/observing/events.ts'
import type { Family } from '../core/observing/family.ts'
import type { InvalidationReport, Observer } from '../core/observing/observer.ts'
import type { AppliedChange } from '../core/trail.ts'

interface OwnChange {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  readonly prefix: string | undefined
  readonly atMs: number
}

/** The most changes that are remembered, and for how long. */
const MOST_CHANGES = 1_000
const LONGEST_MS = 60_000

/** The last changes by this process, for a cache without a log, and the servers that it can't use now. */
export class OwnProcess implements Observer {
  readonly #clock: Clock
  readonly #lost = new Set<string>()
  #changes: OwnChange[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  invalidate({ keys, tags, prefix, removed }: InvalidationReport): void {
    // Nothing was there, or a newer row version was kept.
    if (removed === 0 && tags.length === 0) return
    this.#add({ keys, tags, prefix, atMs: this.#clock.now() })
  }

  write(_family: Family, key: string, outcome: WriteOutcome): void {
    if (outcome === 'stored') this.#add({ keys: [key], tags: [], prefix: undefined, atMs: this.#clock.now() })
  }

  connection(node: string, state: ConnectionState): void {
    if (state === 'connected') this.#lost.delete(node)
    else this.#lost.add(node)
  }

  /** Whether a server is lost, silent or refuses. Breakers are open then. */
  get isCutOff(): boolean {
    return this.#lost.size > 0
  }

  /** Returns the changes of a full key and of tags, the oldest first. */
  of(key: string, tags: readonly string[]): readonly AppliedChange[] {
    const nowMs = this.#clock.now()
    return this.#changes.flatMap((change): readonly AppliedChange[] => {
      const ageMs = nowMs - change.atMs
      if (ageMs > LONGEST_MS) return []
      const tag = change.tags.find((one) => tags.includes(one))
      if (tag !== undefined) return [{ kind: 'tag', item: tag, counter: 0, ageMs }]
      const isOf = change.keys.includes(key) || (change.prefix !== undefined && key.startsWith(change.prefix))
      return isOf ? [{ kind: 'key', item: key, counter: 0, ageMs }] : []
    })
  }

  #add(change: OwnChange): void {
    this.#changes.push(change)
    // Half of them go at once, because moving the rest costs as much as all of them.
    if (this.#changes.length > MOST_CHANGES) this.#changes = this.#changes.slice(MOST_CHANGES / 2)
  }
}
