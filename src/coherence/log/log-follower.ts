import { ageClock, type AgeClock } from '../../core/time/age-clock.ts'
import type { Clock } from '../../core/time/clock.ts'
import type { Epoch, Head, LogEntry, Message, Rotation, SyncReply } from '../../core/remote-store.ts'
import type { TokenPart } from '../../core/token.ts'
import type { RecentInvalidations } from './recent-invalidations.ts'
import { sameEpoch, SeenHeads } from './seen-heads.ts'

/** What following a partition leads to. */
export interface LogFollowerEffects {
  /** Whatever this node has of the key is not what it was, unless it is as new as `counter`. */
  drop(key: string, counter: number): void
  /** The tag has another generation. */
  dropTag(tag: string): void
  /** Whatever this node has of the partition may be old. */
  flush(): void
  /**
   * Asks the server; the answer is given to {@link LogFollower.onSync} or {@link LogFollower.onSyncFailed}. `ordinal` is
   * the least that an epoch has which is born by that.
   */
  sync(since: Head | undefined, ordinal: number): void
  /** Has the server replace the epoch it has; answered by {@link LogFollower.onRotated}, or as above. */
  rotate(seen: Epoch, ordinal: number): void
  /** A rotated epoch is followed from here on; `won` = this node was the one that made it. */
  rotated(head: Head, won: boolean): void
}

/** How long a node that only reads leaves sequence and log to their 24 h before it renews them. */
const RENEWAL_MS = 3_600_000

/**
 * A node's view of one partition's log: how far it has applied it, and until when that is good enough to serve
 * what the node keeps. Every rule of coherence that concerns the log is here (docs/coherence.md, C1, C6 and C9).
 */
export class LogFollower {
  readonly #clock: AgeClock
  readonly #effects: LogFollowerEffects
  readonly #journal: RecentInvalidations
  readonly #renewalMs: number
  readonly #sightings = new SeenHeads()
  /** The last entry applied; `undefined` before the first sync. Only a sync replaces or lowers it. */
  #applied: Head | undefined
  /** Whatever was kept before this moment, in the order of the node's events, may be old. */
  flushedAt = 0
  /** Entries that were kept without the server before this moment, in the same order, are served no more. */
  outageEndedAt = 0
  // The entries that this node keeps of it, at most, and the end of the last of them.
  #kept = 0
  #keptUntilMs = -Infinity
  #lastSyncMs = -Infinity
  #renewedAtMs = -Infinity
  // The sync in flight: what was sent, and when.
  #pending: { readonly since: Head | undefined; readonly startedAtMs: number } | undefined
  // Something asked for a sync while one was in flight.
  #again = false
  // The last sync has failed.
  #isOwed = false

  /** `renewalMs` is how long it leaves sequence and log alone that nobody writes. */
  constructor(
    clock: Clock,
    journal: RecentInvalidations,
    effects: LogFollowerEffects,
    renewalMs: number = RENEWAL_MS,
  ) {
    this.#clock = ageClock(clock)
    this.#journal = journal
    this.#effects = effects
    this.#renewalMs = renewalMs
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

  /** Whether this node has something to lose in the partition, so that it must go on asking. */
  get isAtStake(): boolean {
    if (this.#isOwed || this.#sightings.isAhead || !this.#journal.isEmpty) return true
    return this.#kept > 0 && this.#clock.now() < this.#keptUntilMs
  }

  /** Notes that an entry is kept for at most `forMs`, in the place of another one unless `isMore`. */
  keeps(forMs: number, isMore: boolean): void {
    if (isMore) this.#kept++
    this.#keptUntilMs = Math.max(this.#keptUntilMs, this.#clock.now() + forMs)
  }

  /** Notes that an entry is not kept any more. */
  dropped(): void {
    this.#kept--
  }

  /** Gives up everything that was kept before `event`, in the order of the node's events. */
  flushed(event: number): void {
    this.flushedAt = event
    this.#kept = 0
    this.#keptUntilMs = -Infinity
  }

  /** Whether a reply that bears this head speaks of the history that this node follows; if not, it asks. */
  knows(head: Head | undefined): boolean {
    if (head !== undefined && this.#applied !== undefined && sameEpoch(head.epoch, this.#applied.epoch))
      return true
    this.startSync()
    return false
  }

  /** Whether all that the log had at this point has been applied here. */
  hasReached({ epoch, counter }: Pick<TokenPart, 'epoch' | 'counter'>): boolean {
    const applied = this.#applied
    return applied !== undefined && sameEpoch(applied.epoch, epoch) && applied.counter >= counter
  }

  onMessage(message: Message): void {
    const applied = this.#applied
    if (applied === undefined || !sameEpoch(message.epoch, applied.epoch)) {
      this.#apply(message, message.epoch, Infinity)
      this.#sightings.see(message, this.#clock.now())
      this.#lastSyncMs = -Infinity
      this.startSync()
      return
    }
    this.#apply(message, message.epoch, message.counter)
    if (message.counter <= applied.counter) return
    if (message.counter === applied.counter + 1 && message.previous === applied.stamp) {
      this.#applied = { epoch: applied.epoch, counter: message.counter, stamp: message.stamp }
      this.#sightings.applied(message, this.#clock.now())
    } else {
      this.#sightings.see(message, this.#clock.now())
      this.startSync()
    }
  }

  /**
   * An invalidation of this node's own was executed and logged. Its message may get lost, and the server may lose it:
   * then this node is the one that knows. `isForgotten`: the node gives up in this step whatever it has of the item.
   */
  onExecuted({ kind, item }: Pick<LogEntry, 'kind' | 'item'>, head: Head, isForgotten = false): void {
    this.#journal.add({ kind, item, stamp: head.stamp, counter: head.counter }, head.epoch, isForgotten)
    this.onSeen(head)
  }

  /** The log was so long, and had what this node has executed or replayed. */
  onSeen(head: Head): void {
    const applied = this.#applied
    const isAhead =
      applied === undefined || !sameEpoch(head.epoch, applied.epoch) || head.counter > applied.counter
    if (isAhead) this.#sightings.see(head, this.#clock.now())
  }

  /** There was no sequence: nothing is logged until a sync makes one. */
  onNoSequence(): void {
    if (this.#pending === undefined) this.startSync()
  }

  /**
   * Another server answers from now on. What the one before said was perhaps of a history that this node never hears
   * of: its log is as it was before, and as it will be. Without anything to lose, nothing is asked yet.
   */
  onReconnect(isAtStake: boolean): void {
    this.#effects.flush()
    if (isAtStake || this.#pending !== undefined) this.startSync()
  }

  /** The heartbeat's answer: the partition's head, read at `startedAtMs` or later. */
  onHead(head: Head | undefined, startedAtMs: number): void {
    if (head === undefined) return this.onNoSequence()
    const applied = this.#applied
    const isCurrent =
      applied !== undefined &&
      sameEpoch(head.epoch, applied.epoch) &&
      head.counter === applied.counter &&
      head.stamp === applied.stamp &&
      !this.#sightings.contradict(head, [], startedAtMs)
    if (isCurrent) this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
    if (!isCurrent || startedAtMs - this.#renewedAtMs >= this.#renewalMs) this.startSync()
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

  /** Starts a sync unless nothing is missing that is older than `maxAgeMs`, or a sync is in flight. */
  catchUp(maxAgeMs: number): void {
    if (this.#pending === undefined && !this.isSynced(maxAgeMs)) this.startSync()
  }

  onSyncFailed(): void {
    // The heartbeat asks again: a loop here would hammer a server in trouble.
    this.#isOwed = true
    this.#pending = undefined
    this.#again = false
    this.#sightings.settled()
  }

  onSync(reply: SyncReply): void {
    const { since, startedAtMs } = this.#pending!
    const { head } = reply
    this.#renewedAtMs = startedAtMs
    this.#isOwed = false
    if (this.#isLost(since, startedAtMs, reply)) {
      this.#pending = { since, startedAtMs: this.#clock.now() }
      this.#effects.rotate(head.epoch, Math.max(this.#sightings.ordinal, head.epoch.ordinal) + 1)
      return
    }
    if (since === undefined || !sameEpoch(since.epoch, head.epoch)) this.#adopt(head, startedAtMs, false)
    else if (head.counter <= this.#applied!.counter || isComplete(since, reply))
      this.#advance(reply, startedAtMs)
    else this.#fallBehind(head, startedAtMs)
    this.#next()
  }

  onRotated({ won, head }: Rotation): void {
    const { startedAtMs } = this.#pending!
    // Beaten by a newer epoch, which is as good; by anything else, and the heartbeat looks again.
    if (head !== undefined && (won || head.epoch.ordinal > this.#sightings.ordinal)) {
      this.#adopt(head, startedAtMs, won)
    } else this.#isOwed = true
    this.#next()
  }

  #next(): void {
    this.#pending = undefined
    this.#sightings.settled()
    if (!this.#again) return
    this.#again = false
    this.startSync()
  }

  #adopt(head: Head, startedAtMs: number, won: boolean): void {
    this.#effects.flush()
    this.#applied = head
    this.#lastSyncMs = startedAtMs
    this.#sightings.adopted(head)
    // A born epoch proves nothing: the sequence was gone, and perhaps nothing else.
    if (head.epoch.birth !== head.epoch.ordinal) this.#effects.rotated(head, won)
  }

  // Messages may have overtaken the reply: then it tells nothing new, but it was true when it was asked for.
  #advance({ head, entries }: SyncReply, startedAtMs: number): void {
    if (head.counter > this.#applied!.counter) {
      for (const entry of entries) {
        this.#apply(entry, head.epoch, entry.counter)
        this.#sightings.applied({ ...entry, epoch: head.epoch }, startedAtMs)
      }
      this.#applied = head
    }
    this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
  }

  // The log has been trimmed: what was missed is unknown, and nothing but this node's own tier is concerned.
  #fallBehind(head: Head, startedAtMs: number): void {
    this.#effects.flush()
    this.#applied = head
    this.#sightings.passed(head)
    this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
  }

  // Whatever was known of a log, a server that is asked later must still have: else it is not the same history.
  #isLost(since: Head | undefined, startedAtMs: number, { head, entries }: SyncReply): boolean {
    if (this.#sightings.contradict(head, entries, startedAtMs)) return true
    if (since === undefined || head.epoch.ordinal > since.epoch.ordinal) return false
    if (!sameEpoch(since.epoch, head.epoch) || head.counter < since.counter) return true
    const next = entries[0]
    const stampThere =
      head.counter === since.counter
        ? head.stamp
        : next?.counter === since.counter + 1
          ? next.previous
          : undefined
    return stampThere !== undefined && stampThere !== since.stamp
  }

  #apply(entry: LogEntry, epoch: Epoch, counter: number): void {
    // Its own answer, or a message, has told of it before: what this node has of the tag or the key, or writes, is younger.
    const isEcho =
      entry.kind === 'tag'
        ? entry.origin === undefined && this.#journal.has(entry.stamp)
        : this.#journal.isForgotten(entry.stamp)
    this.#journal.add(entry, epoch)
    if (entry.kind === 'flush') this.#effects.flush()
    else if (isEcho) return
    else if (entry.kind === 'key') this.#effects.drop(entry.item, counter)
    else this.#effects.dropTag(entry.item)
  }
}

// Whether the reply has every entry from the head that was sent to its own.
function isComplete(since: Head, { head, entries }: SyncReply): boolean {
  let { counter, stamp } = since
  for (const entry of entries) {
    if (entry.counter !== counter + 1 || entry.previous !== stamp) return false
    ;({ counter, stamp } = entry)
  }
  return counter === head.counter && stamp === head.stamp
}
