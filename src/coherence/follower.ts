import type { Clock } from '../core/clock.ts'
import type { Epoch, Head, LogEntry, Message, SyncReply } from '../core/remote-store.ts'

/** What following a partition leads to. */
export interface FollowerEffects {
  /** Whatever this node has of the key is not what it was, unless it is as new as `counter`. */
  drop(key: string, counter: number): void
  dropPrefix(prefix: string): void
  /** Whatever this node has of the partition may be old. */
  flush(): void
  /** Asks the server; the answer is given to {@link Follower.onSync} or {@link Follower.onSyncFailed}. */
  sync(since: Head | undefined): void
}

/**
 * A node's view of one partition's log: how far it has applied it, and until when that is good enough to serve
 * what the node keeps. Every rule of coherence that concerns the log is here (docs/coherence.md, C1 and C6).
 */
export class Follower {
  readonly #clock: Clock
  readonly #effects: FollowerEffects
  /** The last entry applied; `undefined` before the first sync. Only a sync replaces or lowers it. */
  #applied: Head | undefined
  /** Whatever was kept before this moment, in the order of the node's events, may be old. */
  flushedAt = 0
  #lastSyncMs = -Infinity
  // The sync in flight: what was sent, and when.
  #pending: { readonly since: Head | undefined; readonly startedAtMs: number } | undefined
  // Something asked for a sync while one was in flight.
  #again = false

  constructor(clock: Clock, effects: FollowerEffects) {
    this.#clock = clock
    this.#effects = effects
  }

  /** Whether what this node keeps of the partition misses nothing that is older than `maxAgeMs`. */
  isSynced(maxAgeMs: number): boolean {
    return this.#clock.now() - this.#lastSyncMs <= maxAgeMs
  }

  /** Milliseconds since the last moment at which nothing was missing. */
  get syncAgeMs(): number {
    return this.#clock.now() - this.#lastSyncMs
  }

  get applied(): Head | undefined {
    return this.#applied
  }

  /** Whether a reply that bears this head speaks of the history that this node follows; if not, it asks. */
  knows(head: Head | undefined): boolean {
    if (head !== undefined && this.#applied !== undefined && sameEpoch(head.epoch, this.#applied.epoch))
      return true
    this.startSync()
    return false
  }

  onMessage(message: Message): void {
    const applied = this.#applied
    if (applied === undefined || !sameEpoch(message.epoch, applied.epoch)) {
      this.#apply(message, Infinity)
      this.#lastSyncMs = -Infinity
      this.startSync()
      return
    }
    this.#apply(message, message.counter)
    if (message.counter <= applied.counter) return
    if (message.counter === applied.counter + 1 && message.previous === applied.stamp) {
      this.#applied = { epoch: applied.epoch, counter: message.counter, stamp: message.stamp }
    } else this.startSync()
  }

  /** The heartbeat's answer: the partition's head, read at `startedAtMs` or later. */
  onHead(head: Head | undefined, startedAtMs: number): void {
    const applied = this.#applied
    const isCurrent =
      head !== undefined &&
      applied !== undefined &&
      sameEpoch(head.epoch, applied.epoch) &&
      head.counter === applied.counter &&
      head.stamp === applied.stamp
    if (isCurrent) this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
    else this.startSync()
  }

  /** Asks what has been logged since; one question at a time, and another one after it when it came too early. */
  startSync(): void {
    if (this.#pending !== undefined) {
      this.#again = true
      return
    }
    this.#pending = { since: this.#applied, startedAtMs: this.#clock.now() }
    this.#effects.sync(this.#applied)
  }

  onSyncFailed(): void {
    // The heartbeat asks again: a loop here would hammer a server in trouble.
    this.#pending = undefined
    this.#again = false
  }

  onSync(reply: SyncReply): void {
    const { since, startedAtMs } = this.#pending!
    this.#pending = undefined
    this.#settle(since, startedAtMs, reply)
    if (!this.#again) return
    this.#again = false
    this.startSync()
  }

  #settle(since: Head | undefined, startedAtMs: number, reply: SyncReply): void {
    if (!this.#isComplete(since, reply)) {
      this.#effects.flush()
      this.#applied = reply.head
      this.#lastSyncMs = startedAtMs
      return
    }
    // Messages may have overtaken the reply: then it tells nothing new, but it was true when it was asked for.
    if (reply.head.counter > this.#applied!.counter) {
      for (const entry of reply.entries) this.#apply(entry, entry.counter)
      this.#applied = reply.head
    }
    this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
  }

  // Judged by what was sent: exactly the entries from there to the head, each following the one before it.
  #isComplete(since: Head | undefined, { head, entries, diverged }: SyncReply): boolean {
    if (since === undefined || diverged || !sameEpoch(since.epoch, head.epoch)) return false
    if (!sameEpoch(this.#applied!.epoch, head.epoch)) return false
    let { counter, stamp } = since
    for (const entry of entries) {
      if (entry.counter !== counter + 1 || entry.previous !== stamp) return false
      ;({ counter, stamp } = entry)
    }
    return counter === head.counter && stamp === head.stamp
  }

  #apply(entry: LogEntry, counter: number): void {
    if (entry.kind === 'key') this.#effects.drop(entry.item, counter)
    else this.#effects.dropPrefix(entry.item)
  }
}

/** Whether two epochs are one. */
export function sameEpoch(a: Epoch, b: Epoch): boolean {
  return a.ordinal === b.ordinal && a.random === b.random
}
