import { sameEpoch } from '../../coherence/sightings.ts'
import type {
  Epoch,
  Head,
  LogEntry,
  Message,
  Replayable,
  Rotation,
  SyncReply,
} from '../../core/remote-store.ts'
import type { Names } from './names.ts'

const LOG_LIFETIME_MS = 86_400_000

/** What a simulated server keeps of each partition: its sequence (`s:`) and its log (`g:`). */
export class ServerLogs {
  readonly #names: Names
  readonly #limit: number
  readonly #stamp: () => string
  readonly #publish: (message: Message) => void

  /** `limit` is the most entries that a log keeps; `stamp` makes one that is unique in the world. */
  constructor(names: Names, limit: number, stamp: () => string, publish: (message: Message) => void) {
    this.#names = names
    this.#limit = limit
    this.#stamp = stamp
    this.#publish = publish
  }

  /** The partition's head; `undefined` when nobody follows it. */
  head(partition: string): Head | undefined {
    return this.#names.get(`s:${partition}`) as Head | undefined
  }

  /** Logs and publishes, if there is a sequence. */
  append(partition: string, kind: LogEntry['kind'], item: string, origin?: string): Head | undefined {
    const before = this.head(partition)
    if (before === undefined) return undefined
    const { epoch, counter, stamp: previous } = before
    const again = origin === undefined ? {} : { origin }
    const entry: LogEntry = { counter: counter + 1, stamp: this.#stamp(), previous, kind, item, ...again }
    const head = { epoch, counter: entry.counter, stamp: entry.stamp }
    this.#names.replace(`s:${partition}`, head)
    this.#names.set(`g:${partition}`, [...this.#logOf(partition), entry].slice(-this.#limit), LOG_LIFETIME_MS)
    this.#publish({ partition, epoch, ...entry })
    return head
  }

  sync(partition: string, since: Head | undefined, ifNone: Epoch): SyncReply {
    const present = this.head(partition)
    if (present === undefined) {
      const head = { epoch: ifNone, counter: 0, stamp: '' }
      this.#names.set(`s:${partition}`, head, LOG_LIFETIME_MS)
      this.#names.delete(`g:${partition}`)
      return { head, entries: [], diverged: false }
    }
    this.#names.set(`s:${partition}`, present, LOG_LIFETIME_MS)
    if (since === undefined || !sameEpoch(since.epoch, present.epoch)) {
      return { head: present, entries: [], diverged: false }
    }
    const entries = this.#logOf(partition).filter((entry) => entry.counter > since.counter)
    const isLast = since.counter === present.counter
    const stampThere = isLast
      ? present.stamp
      : entries[0]?.counter === since.counter + 1 && entries[0].previous
    return { head: present, entries, diverged: stampThere !== since.stamp }
  }

  rotate(partition: string, seen: Epoch, next: Epoch): Rotation {
    const head = this.head(partition)
    if (head === undefined || !sameEpoch(head.epoch, seen)) return { won: false, head }
    const rotated = { ...head, epoch: next }
    this.#names.set(`s:${partition}`, rotated, LOG_LIFETIME_MS)
    return { won: true, head: rotated }
  }

  /** The entries that the log lacks; `undefined` when the partition has another epoch. */
  missing(
    partition: string,
    epoch: Epoch,
    entries: readonly Replayable[],
  ): readonly Replayable[] | undefined {
    const head = this.head(partition)
    if (head === undefined || !sameEpoch(head.epoch, epoch)) return undefined
    const logged = new Set(this.#logOf(partition).map(({ stamp, origin }) => origin ?? stamp))
    return entries.filter(({ stamp }) => !logged.has(stamp))
  }

  #logOf(partition: string): readonly LogEntry[] {
    return (this.#names.get(`g:${partition}`) ?? []) as readonly LogEntry[]
  }
}
