import type { Clock } from '../../core/time/clock.ts'
import type { Epoch, Head, LogEntry, Message, Rotation, SyncReply } from '../../core/remote/log.ts'
import type { Target } from '../node-state.ts'
import type { PartitionState } from '../partition-state.ts'
import type { RecentInvalidations } from './recent-invalidations.ts'
import { sameEpoch, SeenHeads } from './seen-heads.ts'

/** The effects of following a partition. */
export interface LogFollowerEffects {
  /** Forgets all that this node has of a target, except an entry that is as new as the counter `upTo`. */
  forget(target: Target, upTo?: number): void
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

/** Keeps the state of a partition up to date by its log (docs/coherence.md, C6 and C9). */
export class LogFollower {
  readonly partition: PartitionState
  readonly #clock: Clock
  readonly #effects: LogFollowerEffects
  readonly #journal: RecentInvalidations
  readonly #renewalMs: number
  readonly #sightings = new SeenHeads()
  #renewedAtMs = -Infinity
  // The head and the time of the sync in flight.
  #pending: { readonly since: Head | undefined; readonly startedAtMs: number } | undefined
  // Whether a sync was asked for while one was in flight.
  #again = false
  // Whether the last sync has failed.
  #isOwed = false

  /** `renewalMs` is the time for which it leaves an unwritten sequence and log alone. */
  constructor(
    partition: PartitionState,
    clock: Clock,
    journal: RecentInvalidations,
    effects: LogFollowerEffects,
    renewalMs: number = RENEWAL_MS,
  ) {
    this.partition = partition
    this.#clock = clock
    this.#journal = journal
    this.#effects = effects
    this.#renewalMs = renewalMs
  }

  /** Whether this node has something to lose in the partition, so that it must go on asking. */
  get isAtStake(): boolean {
    return this.#isOwed || this.#sightings.isAhead || !this.#journal.isEmpty || this.partition.isKeeping
  }

  /** Whether a reply with this head is of the history that this node follows. If not, it starts a sync. */
  knows(head: Head | undefined): boolean {
    if (head !== undefined && this.partition.isOf(head.epoch)) return true
    this.startSync()
    return false
  }

  onMessage(message: Message): void {
    const { applied } = this.partition
    if (applied === undefined || !sameEpoch(message.epoch, applied.epoch)) {
      this.#apply(message, message.epoch, Infinity)
      this.#sightings.see(message, this.#clock.now())
      this.partition.syncedAtMs = -Infinity
      this.startSync()
      return
    }
    this.#apply(message, message.epoch, message.counter)
    if (message.counter <= applied.counter) return
    if (message.counter === applied.counter + 1 && message.previous === applied.stamp) {
      this.partition.applied = { epoch: applied.epoch, counter: message.counter, stamp: message.stamp }
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
    if (!this.partition.hasReached(head)) this.#sightings.see(head, this.#clock.now())
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
    this.#flush()
    if (isAtStake || this.#pending !== undefined) this.startSync()
  }

  /** Takes the heartbeat's answer: the partition's head, read at `startedAtMs` or later. */
  onHead(head: Head | undefined, startedAtMs: number): void {
    if (head === undefined) return this.onNoSequence()
    const { applied } = this.partition
    const isCurrent =
      applied !== undefined &&
      sameEpoch(head.epoch, applied.epoch) &&
      head.counter === applied.counter &&
      head.stamp === applied.stamp &&
      !this.#sightings.contradict(head, [], startedAtMs)
    if (isCurrent) this.partition.syncedAtMs = Math.max(this.partition.syncedAtMs, startedAtMs)
    if (!isCurrent || startedAtMs - this.#renewedAtMs >= this.#renewalMs) this.startSync()
  }

  /** Asks for the new entries of the log. If a question is in flight, another one follows it. */
  startSync(): void {
    if (this.#pending !== undefined) {
      this.#again = true
      return
    }
    this.#pending = { since: this.partition.applied, startedAtMs: this.#clock.now() }
    this.#sightings.asked()
    this.#effects.sync(this.partition.applied, this.#sightings.ordinal + 1)
  }

  /** Starts a sync, unless nothing older than `maxAgeMs` is missing or a sync is in flight. */
  catchUp(maxAgeMs: number): void {
    if (this.#pending === undefined && !this.partition.isSynced(maxAgeMs)) this.startSync()
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
    else if (head.counter <= this.partition.applied!.counter || isComplete(since, reply))
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
    this.#flush()
    this.partition.applied = head
    this.partition.syncedAtMs = startedAtMs
    this.#sightings.adopted(head)
    // A born epoch proves no loss of entries, because perhaps only the sequence was gone.
    if (head.epoch.birth !== head.epoch.ordinal) this.#effects.rotated(head, won)
  }

  // Applies a reply. If messages have overtaken it, it tells nothing new, but it was true when it was asked for.
  #advance({ head, entries }: SyncReply, startedAtMs: number): void {
    if (head.counter > this.partition.applied!.counter) {
      for (const entry of entries) {
        this.#apply(entry, head.epoch, entry.counter)
        this.#sightings.applied({ ...entry, epoch: head.epoch }, startedAtMs)
      }
      this.partition.applied = head
    }
    this.partition.syncedAtMs = Math.max(this.partition.syncedAtMs, startedAtMs)
  }

  // Skips to the head of a trimmed log. The missed entries are unknown, and concern only this node's own tier.
  #fallBehind(head: Head, startedAtMs: number): void {
    this.#flush()
    this.partition.applied = head
    this.#sightings.passed(head)
    this.partition.syncedAtMs = Math.max(this.partition.syncedAtMs, startedAtMs)
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

  #flush(): void {
    this.#effects.forget({ kind: 'all', item: this.partition.name })
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
    const { kind, item, stamp } = entry
    if (kind === 'flush') this.#flush()
    else this.#effects.forget({ kind, item, stamp }, counter)
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
