import { ageClock, type AgeClock } from '../../core/time/age-clock.ts'
import type { Clock } from '../../core/time/clock.ts'
import type { Epoch, Head, LogEntry, Message, Rotation, SyncReply } from '../../core/remote-store.ts'
import type { TokenPart } from '../../core/token.ts'
import type { RecentInvalidations } from './recent-invalidations.ts'
import { sameEpoch, SeenHeads } from './seen-heads.ts'

/** The effects of following a partition. */
export interface LogFollowerEffects {
  /** Forgets all that this node has of the key, unless it is as new as `counter`. */
  drop(key: string, counter: number): void
  /** Forgets a tag, because it has another generation. */
  dropTag(tag: string): void
  /** Forgets all that this node has of the partition, because it may be old. */
  flush(): void
  /**
   * Asks the server. The answer is given to {@link LogFollower.onSync} or {@link LogFollower.onSyncFailed}. `ordinal`
   * is the least ordinal of an epoch that is born by that.
   */
  sync(since: Head | undefined, ordinal: number): void
  /** Has the server replace its epoch; answered by {@link LogFollower.onRotated}, or as above. */
  rotate(seen: Epoch, ordinal: number): void
  /** Called when a rotated epoch is followed from here on; `won` = this node has made it. */
  rotated(head: Head, won: boolean): void
}

/** The time after which a node that only reads renews sequence and log, which live for 24 h. */
const RENEWAL_MS = 3_600_000

/**
 * A node's view of one partition's log: the entries that it has applied, and the time for which it may serve kept
 * entries. Every rule of coherence that concerns the log is here (docs/coherence.md, C1, C6 and C9).
 */
export class LogFollower {
  readonly #clock: AgeClock
  readonly #effects: LogFollowerEffects
  readonly #journal: RecentInvalidations
  readonly #renewalMs: number
  readonly #sightings = new SeenHeads()
  /** The last entry applied; `undefined` before the first sync. Only a sync replaces or lowers it. */
  #applied: Head | undefined
  /** The moment, in the order of the node's events, before which kept entries may be old. */
  flushedAt = 0
  /** The moment, in the same order, before which entries that were kept without the server are no longer served. */
  outageEndedAt = 0
  // The number of kept entries, at most, and the time at which the last of them ends.
  #kept = 0
  #keptUntilMs = -Infinity
  #lastSyncMs = -Infinity
  #renewedAtMs = -Infinity
  // The head and the time of the sync in flight.
  #pending: { readonly since: Head | undefined; readonly startedAtMs: number } | undefined
  // Whether a sync was asked for while one was in flight.
  #again = false
  // Whether the last sync has failed.
  #isOwed = false

  /** `renewalMs` is the time for which it leaves an unwritten sequence and log alone. */
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
   * Whether the kept entries of the partition miss nothing older than `maxAgeMs`. It is `false` between a suspension of
   * the machine and the next sync.
   */
  isSynced(maxAgeMs: number, nowMs: number = this.#clock.now()): boolean {
    return nowMs - this.#lastSyncMs <= maxAgeMs && this.#lastSyncMs >= this.#clock.resumedAtMs
  }

  /** The milliseconds since the last moment at which nothing was missing. */
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
    this.flushedAt = Math.max(this.flushedAt, event)
    this.#kept = 0
    this.#keptUntilMs = -Infinity
  }

  /** Whether a reply with this head is of the history that this node follows. If not, it starts a sync. */
  knows(head: Head | undefined): boolean {
    if (head !== undefined && this.#applied !== undefined && sameEpoch(head.epoch, this.#applied.epoch))
      return true
    this.startSync()
    return false
  }

  /** Whether this node has applied all that the log had at this point. */
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
   * Notes that an invalidation of this node was executed and logged. Its message may get lost, and the server may lose
   * it, so that only this node knows of it. `isForgotten`: in this step the node gives up all that it has of the item.
   */
  onExecuted({ kind, item }: Pick<LogEntry, 'kind' | 'item'>, head: Head, isForgotten = false): void {
    this.#journal.add({ kind, item, stamp: head.stamp, counter: head.counter }, head.epoch, isForgotten)
    this.onSeen(head)
  }

  /** Notes the head of a log after an operation or replay of this node. */
  onSeen(head: Head): void {
    const applied = this.#applied
    const isAhead =
      applied === undefined || !sameEpoch(head.epoch, applied.epoch) || head.counter > applied.counter
    if (isAhead) this.#sightings.see(head, this.#clock.now())
  }

  /** Starts a sync, because there was no sequence. Nothing is logged until a sync makes one. */
  onNoSequence(): void {
    if (this.#pending === undefined) this.startSync()
  }

  /**
   * Notes that another server answers from now on. The answers of the one before were perhaps of a lost history, which
   * the log does not show. If nothing is at stake, nothing is asked yet.
   */
  onReconnect(isAtStake: boolean): void {
    this.#effects.flush()
    if (isAtStake || this.#pending !== undefined) this.startSync()
  }

  /** Takes the heartbeat's answer: the partition's head, read at `startedAtMs` or later. */
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

  /** Asks for the new entries of the log. If a question is in flight, another one follows it. */
  startSync(): void {
    if (this.#pending !== undefined) {
      this.#again = true
      return
    }
    this.#pending = { since: this.#applied, startedAtMs: this.#clock.now() }
    this.#sightings.asked()
    this.#effects.sync(this.#applied, this.#sightings.ordinal + 1)
  }

  /** Starts a sync, unless nothing older than `maxAgeMs` is missing or a sync is in flight. */
  catchUp(maxAgeMs: number): void {
    if (this.#pending === undefined && !this.isSynced(maxAgeMs)) this.startSync()
  }

  onSyncFailed(): void {
    // The heartbeat asks again, because a loop here would hammer a server in trouble.
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
    // A newer epoch of another node is as good. In any other case the heartbeat asks again.
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
    // A born epoch proves no loss of entries, because perhaps only the sequence was gone.
    if (head.epoch.birth !== head.epoch.ordinal) this.#effects.rotated(head, won)
  }

  // Applies a reply. If messages have overtaken it, it tells nothing new, but it was true when it was asked for.
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

  // Skips to the head of a trimmed log. The missed entries are unknown, and concern only this node's own tier.
  #fallBehind(head: Head, startedAtMs: number): void {
    this.#effects.flush()
    this.#applied = head
    this.#sightings.passed(head)
    this.#lastSyncMs = Math.max(this.#lastSyncMs, startedAtMs)
  }

  // Whether the server has lost something. A server that is asked later must have all that was known of the log.
  // Otherwise it is another history.
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
    // The answer or a message has told of it before, so this node's state of the tag or key, and its writes, are
    // younger.
    const isEcho =
      entry.kind === 'tag'
        ? entry.origin === undefined && this.#journal.has(entry.stamp)
        : this.#journal.isForgotten(entry.stamp)
    this.#journal.add(entry, epoch)
    if (isEcho) return
    if (entry.kind === 'flush') this.#effects.flush()
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
