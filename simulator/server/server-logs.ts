import { sameEpoch } from '../../src/coherence/log/seen-heads.ts'
import type {
  Epoch,
  EpochId,
  Head,
  LogEntry,
  Message,
  Replayable,
  Rotation,
  SyncReply,
} from '../../src/core/remote/log.ts'
import type { Names } from '../world/names.ts'

const LIFETIME_MS = 86_400_000

/** Limits of a log: its entries, and the life of it and its sequence after the last write or sync. */
export interface LogLimits {
  readonly logLimit: number
  /** Default: a day. */
  readonly logLifetimeMs?: number | undefined
}

/** The sequence (`s:`) and the log (`g:`) of each partition of a simulated server. */
export class ServerLogs {
  readonly #names: Names
  readonly #limit: number
  readonly #lifetimeMs: number
  readonly #stamp: () => string
  readonly #publish: (message: Message) => void

  /**
   * `limits` are the most entries that a log keeps, and its life. `stamp` makes a stamp that is unique in the world.
   */
  constructor(
    names: Names,
    { logLimit, logLifetimeMs = LIFETIME_MS }: LogLimits,
    stamp: () => string,
    publish: (message: Message) => void,
  ) {
    this.#names = names
    this.#limit = logLimit
    this.#lifetimeMs = logLifetimeMs
    this.#stamp = stamp
    this.#publish = publish
  }

  /** Returns the partition's head; `undefined` if no node follows it. */
  head(partition: string): Head | undefined {
    return this.#names.get(`s:${partition}`) as Head | undefined
  }

  /** Logs and publishes if there is a sequence. Both live for another day. */
  append(partition: string, kind: LogEntry['kind'], item: string, origin?: string): Head | undefined {
    const before = this.head(partition)
    if (before === undefined) return undefined
    const { epoch, counter, stamp: previous } = before
    const again = origin === undefined ? {} : { origin }
    const entry: LogEntry = { counter: counter + 1, stamp: this.#stamp(), previous, kind, item, ...again }
    const head = { epoch, counter: entry.counter, stamp: entry.stamp }
    this.#names.set(`s:${partition}`, head, this.#lifetimeMs)
    this.#names.set(
      `g:${partition}`,
      [...this.#logOf(partition), entry].slice(-this.#limit),
      this.#lifetimeMs,
    )
    this.#publish({ partition, epoch, ...entry })
    return head
  }

  /** Answers a sync. `nowMs` is the server's time, because a new epoch is above those before it. */
  sync(partition: string, since: Head | undefined, ifNone: EpochId, nowMs: number): SyncReply {
    const present = this.head(partition)
    if (present === undefined) {
      const birth = Math.max(ifNone.ordinal, Math.floor(nowMs))
      const head = { epoch: { ordinal: birth, random: ifNone.random, birth }, counter: 0, stamp: '' }
      this.#names.set(`s:${partition}`, head, this.#lifetimeMs)
      this.#names.delete(`g:${partition}`)
      return { head, entries: [] }
    }
    const log = this.#logOf(partition)
    this.#names.set(`s:${partition}`, present, this.#lifetimeMs)
    if (log.length > 0) this.#names.set(`g:${partition}`, log, this.#lifetimeMs)
    if (since === undefined || !sameEpoch(since.epoch, present.epoch)) return { head: present, entries: [] }
    const entries = log.filter(({ counter }) => counter > since.counter)
    const isReached = entries.length === present.counter - since.counter
    return { head: present, entries: isReached ? entries : [] }
  }

  rotate(partition: string, seen: Epoch, next: EpochId): Rotation {
    const head = this.head(partition)
    if (head === undefined || !sameEpoch(head.epoch, seen)) return { won: false, head }
    const rotated = { ...head, epoch: { ...next, birth: seen.birth } }
    this.#names.set(`s:${partition}`, rotated, this.#lifetimeMs)
    return { won: true, head: rotated }
  }

  /** Returns the entries that the log has lost; `undefined` if the partition has another epoch. */
  lost(partition: string, epoch: Epoch, entries: readonly Replayable[]): readonly Replayable[] | undefined {
    const head = this.head(partition)
    if (head === undefined || !sameEpoch(head.epoch, epoch)) return undefined
    const log = this.#logOf(partition)
    const logged = new Set(log.map(({ stamp, origin }) => origin ?? stamp))
    const oldest = log[0]?.counter ?? Infinity
    return entries.filter(({ stamp, counter }) => {
      return !logged.has(stamp) && (counter > head.counter || counter >= oldest)
    })
  }

  #logOf(partition: string): readonly LogEntry[] {
    return (this.#names.get(`g:${partition}`) ?? []) as readonly LogEntry[]
  }
}
