import { ageClock, type AgeClock } from '../core/age-clock.ts'
import type { Clock } from '../core/clock.ts'
import type { Epoch, Head, LogEntry, Message, Rotation, SyncReply } from '../core/remote-store.ts'
import type { Journal } from './journal.ts'
import { sameEpoch, Sightings } from './sightings.ts'
import { Trail } from './trail.ts'

/** What following a partition leads to. */
export interface FollowerEffects {
  /** Whatever this node has of the key is not what it was, unless it is as new as `counter`. */
  drop(key: string, counter: number): void
  dropPrefix(prefix: string): void
  /** The tag has another generation. */
  dropTag(tag: string): void
  /** Whatever this node has of the partition may be old. */
  flush(): void
  /**
   * Asks the server; the answer is given to {@link Follower.onSync} or {@link Follower.onSyncFailed}. `ordinal` is
   * that of the epoch to make if there is none.
   */
  sync(since: Head | undefined, ordinal: number): void
  /** Has the server replace the epoch it has; answered by {@link Follower.onRotated}, or as above. */
  rotate(seen: Epoch, ordinal: number): void
  /** Another history is followed from here on; `won` = this node was the one that made its epoch. */
  adopted(head: Head, won: boolean): void
}

/**
 * A node's view of one partition's log: how far it has applied it, and until when that is good enough to serve
 * what the node keeps. Every rule of coherence that concerns the log is here (docs/coherence.md, C1, C6 and C9).
 */
export class Follower {
  readonly #clock: AgeClock
  readonly #effects: FollowerEffects
  readonly #journal: Journal
  readonly #sightings = new Sightings()
  readonly #trail = new Trail()
  /** The last entry applied; `undefined` before the first sync. Only a sync replaces or lowers it. */
  #applied: Head | undefined
  /** Whatever was kept before this moment, in the order of the node's events, may be old. */
  flushedAt = 0
  /** What was kept without the server before this moment, in the same order, is served no more. */
  outageEndedAt = 0
  #lastSyncMs = -Infinity
  // When the epoch that is followed was adopted: what was sent before may have found no sequence, in all innocence.
  #adoptedAtMs = -Infinity
  // The sync in flight: what was sent, and when.
  #pending: { readonly since: Head | undefined; readonly startedAtMs: number } | undefined
  // Another server answers than the one that executed something of what the journal has.
  #mayHaveLost = false
  // Something asked for a sync while one was in flight.
  #again = false

  constructor(clock: Clock, journal: Journal, effects: FollowerEffects) {
    this.#clock = ageClock(clock)
    this.#journal = journal
    this.#effects = effects
  }

  /**
   * Whether what this node keeps of the partition misses nothing that is older than `maxAgeMs`: never between a
   * suspension of the machine and the next sync.
   */
  isSynced(maxAgeMs: number, nowMs: number = this.#clock.now()): boolean {
    return nowMs - this.#lastSyncMs <= maxAgeMs && this.#lastSyncMs >= this.#clock.resumedAtMs
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

  /** Whether all that the log had at this point has been applied here. */
  hasReached({ epoch, counter }: Pick<Head, 'epoch' | 'counter'>): boolean {
    const applied = this.#applied
    return applied !== undefined && sameEpoch(applied.epoch, epoch) && applied.counter >= counter
  }

  onMessage(message: Message): void {
    const applied = this.#applied
    if (applied === undefined || !sameEpoch(message.epoch, applied.epoch)) {
      this.#apply(message, Infinity)
      this.#sightings.see(message, this.#clock.now())
      this.#lastSyncMs = -Infinity
      this.startSync()
      return
    }
    this.#apply(message, message.counter)
    if (message.counter <= applied.counter) return
    if (message.counter === applied.counter + 1 && message.previous === applied.stamp) {
      this.#applied = { epoch: applied.epoch, counter: message.counter, stamp: message.stamp }
      this.#sightings.applied(message, this.#clock.now())
      this.#trail.add(message, this.#clock.now())
    } else {
      this.#sightings.see(message, this.#clock.now())
      this.startSync()
    }
  }

  /**
   * An invalidation of this node's own, sent at `sentAtMs`, was executed. Its message may get lost, and the server may
   * lose it: then this node is the one who knows.
   */
  onExecuted(entry: Pick<LogEntry, 'kind' | 'item'>, head: Head, sentAtMs: number): void {
    this.#journal.add({ ...entry, stamp: head.stamp })
    this.onSeen(head, sentAtMs)
  }

  /** The log was so long, and had what this node has executed or replayed, sent at `sentAtMs`. */
  onSeen(head: Head, sentAtMs: number): void {
    const applied = this.#applied
    const isAhead =
      applied === undefined || !sameEpoch(head.epoch, applied.epoch) || head.counter > applied.counter
    if (isAhead) return this.#sightings.see(head, this.#clock.now())
    // A server whose log is shorter than what is applied, or another one: the next may know what is applied, and not this.
    if (!this.#trail.contradicts(head, sentAtMs)) return
    this.#sightings.clash(this.#clock.now())
    this.startSync()
  }

  /** An invalidation of this node's own was executed, sent at `sentAtMs`, and there was no log to enter it in. */
  onUnlogged(entry: Pick<LogEntry, 'kind' | 'item'>, stamp: string, sentAtMs: number): void {
    this.#journal.add({ ...entry, stamp })
    this.#onNoSequence(sentAtMs)
  }

  /**
   * Another server answers from now on. What the one before said was perhaps of a history that this node never hears
   * of: its log is as it was before, and as it will be.
   */
  onReconnect(): void {
    if (this.#journal.recent().length > 0) this.#mayHaveLost = true
    this.#effects.flush()
    this.startSync()
  }

  /** The heartbeat's answer: the partition's head, read at `startedAtMs` or later. */
  onHead(head: Head | undefined, startedAtMs: number): void {
    if (head === undefined) return this.#onNoSequence(startedAtMs)
    const applied = this.#applied
    const isCurrent =
      applied !== undefined &&
      sameEpoch(head.epoch, applied.epoch) &&
      head.counter === applied.counter &&
      head.stamp === applied.stamp &&
      !this.#sightings.contradict(head, [], startedAtMs)
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
    this.#sightings.asked()
    this.#effects.sync(this.#applied, this.#sightings.ordinal + 1)
  }

  onSyncFailed(): void {
    // The heartbeat asks again: a loop here would hammer a server in trouble.
    this.#pending = undefined
    this.#again = false
    this.#sightings.settled()
  }

  /** `made` = the sequence was missing, and this node's question made it. */
  onSync(reply: SyncReply, made: boolean): void {
    const { since, startedAtMs } = this.#pending!
    if (this.#isLost(since, startedAtMs, reply)) {
      this.#pending = { since, startedAtMs: this.#clock.now() }
      this.#effects.rotate(reply.head.epoch, Math.max(this.#sightings.ordinal, reply.head.epoch.ordinal) + 1)
      return
    }
    if (since === undefined || !sameEpoch(since.epoch, reply.head.epoch)) {
      // What this node wrote before it followed anything, on a server that has it, is not to be removed again.
      const isBeginning = since === undefined && !this.#mayHaveLost
      this.#adopt(reply.head, startedAtMs, isBeginning ? 'nothing' : made)
    } else this.#advance(reply, startedAtMs)
    this.#next()
  }

  onRotated({ won, head }: Rotation): void {
    const { startedAtMs } = this.#pending!
    // Beaten by a newer epoch, which is as good; by anything else, and the heartbeat looks again.
    if (head !== undefined && (won || head.epoch.ordinal > this.#sightings.ordinal)) {
      this.#adopt(head, startedAtMs, won)
    }
    this.#next()
  }

  #next(): void {
    this.#pending = undefined
    this.#sightings.settled()
    if (!this.#again) return
    this.#again = false
    this.startSync()
  }

  #adopt(head: Head, startedAtMs: number, won: boolean | 'nothing'): void {
    this.#effects.flush()
    this.#applied = head
    this.#lastSyncMs = startedAtMs
    this.#adoptedAtMs = this.#clock.now()
    this.#sightings.adopted(head)
    this.#trail.begin(head, this.#clock.now())
    this.#mayHaveLost = false
    if (won !== 'nothing') this.#effects.adopted(head, won)
  }

  // Messages may have overtaken the reply: then it tells nothing new, but it was true when it was asked for.
  #advance({ head, entries }: SyncReply, startedAtMs: number): void {
    if (head.counter > this.#applied!.counter) {
      for (const entry of entries) {
        this.#apply(entry, entry.counter)
        this.#sightings.applied({ ...entry, epoch: head.epoch }, startedAtMs)
        if (entry.counter > this.#applied!.counter) this.#trail.add(entry, this.#clock.now())
      }
      this.#applied = head
    }
    this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
  }

  // Whatever was known of a log, a server that is asked later must still have: else it is not the same history.
  #isLost(since: Head | undefined, startedAtMs: number, reply: SyncReply): boolean {
    const { head, entries } = reply
    if (this.#sightings.contradict(head, entries, startedAtMs)) return true
    if (since === undefined || head.epoch.ordinal > since.epoch.ordinal) return false
    return !this.#isComplete(since, reply)
  }

  // Nothing is logged until there is a sequence. Should one of a known epoch come back, it is from the past.
  #onNoSequence(seenAtMs: number): void {
    if (seenAtMs >= this.#lastSyncMs && seenAtMs > this.#adoptedAtMs) this.#sightings.clash(this.#clock.now())
    this.startSync()
  }

  // Judged by what was sent: exactly the entries from there to the head, each following the one before it.
  #isComplete(since: Head, { head, entries, diverged }: SyncReply): boolean {
    if (diverged || !sameEpoch(since.epoch, head.epoch)) return false
    let { counter, stamp } = since
    for (const entry of entries) {
      if (entry.counter !== counter + 1 || entry.previous !== stamp) return false
      ;({ counter, stamp } = entry)
    }
    return counter === head.counter && stamp === head.stamp
  }

  #apply(entry: LogEntry, counter: number): void {
    // Its own answer, or a message, has told of it before: what this node has of the tag, or writes, is younger.
    const isEcho = entry.kind === 'tag' && entry.origin === undefined && this.#journal.has(entry.stamp)
    this.#journal.add(entry)
    if (entry.kind === 'key') this.#effects.drop(entry.item, counter)
    else if (entry.kind === 'prefix') this.#effects.dropPrefix(entry.item)
    else if (!isEcho) this.#effects.dropTag(entry.item)
  }
}
