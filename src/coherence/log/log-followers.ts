import type { Clock, Random, TimerHandle, Timers } from '../../core/time/clock.ts'
import type {
  Bus,
  EpochId,
  Head,
  LogEntry,
  RemoteOp,
  RemoteResult,
  RemoteStore,
} from '../../core/remote-store.ts'
import { readToken } from '../../core/token.ts'
import type { Forgetting } from '../forgetting.ts'
import type { GenerationTable } from '../tags/generation-table.ts'
import { LogFollower, type LogFollowerEffects } from './log-follower.ts'
import { RecentInvalidations } from './recent-invalidations.ts'
import type { LocalTier } from '../local-tier.ts'
import type { InFlight } from '../in-flight.ts'
import { Recovery } from './recovery.ts'
import type { CoherenceSettings } from '../settings.ts'

/** The parts that following logs uses. */
export interface LogFollowersParts {
  readonly remote: RemoteStore
  readonly bus: Bus | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly settings: CoherenceSettings
  readonly local: LocalTier | undefined
  readonly markers: InFlight
  readonly forgetting: Forgetting
  readonly table: GenerationTable
  /** Whether anything waits for an acknowledgement. */
  isQueued(): boolean
  /** Sends the waiting operations once more. */
  replay(): void
}

interface Followed {
  readonly follower: LogFollower
  readonly recovery: Recovery
}

/**
 * Follows the logs of partitions. A node that keeps entries follows all of them. Any other node follows only the log of
 * generations, from the first use of a tag on. The heartbeat beats while there is something to follow or to repeat.
 */
export class LogFollowers {
  readonly #parts: LogFollowersParts
  readonly #followed = new Map<string, Followed>()
  /** Follows the log of generations. */
  readonly generations: LogFollower
  readonly #ofGenerations: Followed
  #unsubscribe: (() => void) | undefined
  readonly #unlisten: () => void
  #heartbeat: TimerHandle
  #isBeating = false
  #closed = false

  constructor(parts: LogFollowersParts) {
    this.#parts = parts
    const { remote } = parts
    this.#ofGenerations = this.#make(remote.generationPartition, () => this.#flushGenerations())
    this.generations = this.#ofGenerations.follower
    this.#unlisten = remote.onReconnect(() => this.#onReconnect())
  }

  /** Begins to follow every partition. */
  followAll(): void {
    const { remote, markers, local } = this.#parts
    for (const partition of remote.partitions) {
      const covers = (key: string): boolean => remote.partitionOf(key) === partition
      const followed: Followed = this.#make(partition, () => {
        local!.flush(followed.follower)
        markers.killAll(covers)
      })
      this.#followed.set(partition, followed)
    }
    this.followGenerations()
  }

  /** Begins to follow the log of generations, or catches up if it had nothing to lose for a while. */
  followGenerations(): void {
    const { remote, bus, settings } = this.#parts
    if (this.#closed) return
    if (this.#followed.has(remote.generationPartition)) return this.generations.catchUp(settings.maxLagMs)
    this.#followed.set(remote.generationPartition, this.#ofGenerations)
    this.#unsubscribe = bus?.subscribe(
      (message) => this.#followed.get(message.partition)?.follower.onMessage(message),
      () => {
        for (const partition of this.#atStake()) this.#followed.get(partition)!.follower.startSync()
      },
    )
    for (const { follower } of this.#followed.values()) follower.startSync()
    this.wake()
  }

  /** Gives up every entry that this node keeps. Loads go on. */
  flush(): void {
    for (const { follower } of this.#followed.values()) this.#parts.local?.flush(follower)
  }

  /** Returns the follower of the key's partition, in a node that keeps entries. */
  of(key: string): LogFollower {
    return this.#followed.get(this.#parts.remote.partitionOf(key))!.follower
  }

  /** Whether nothing older than `maxAgeMs` is missing that concerns a key, and its tags if it has any. */
  isSynced(key: string, isTagged: boolean, maxAgeMs: number): boolean {
    const followed = this.#followed.get(this.#parts.remote.partitionOf(key))
    if (followed?.follower.isSynced(maxAgeMs) !== true) return false
    return !isTagged || this.generations.isSynced(maxAgeMs)
  }

  /** Whether this node has applied all that the token's maker had seen logged (C10). */
  hasReached(token: string | undefined): boolean {
    if (token === undefined) return true
    return (
      readToken(token)?.every(
        (part) => this.#followed.get(part.partition)?.follower.hasReached(part) === true,
      ) === true
    )
  }

  /**
   * Notes an executed operation if the reply says that it was logged. An acknowledged removal always was.
   * `isForgotten`: in this step the caller gives up all that this node has of the key.
   */
  noteExecuted(
    { kind, key }: RemoteOp,
    { ok, head, logged, outdated }: RemoteResult,
    isForgotten = false,
  ): void {
    const removes = kind === 'set' || kind === 'delete' || kind === 'take' || kind === 'stale'
    if (outdated === true || (kind === 'fill' && !ok)) return
    if (logged !== true && !removes) return
    this.note(this.#parts.remote.partitionOf(key), { kind: 'key', item: key }, head, isForgotten)
  }

  /** Notes that an invalidation was executed, and logged at this head if there is a log. */
  note(
    partition: string,
    entry: Pick<LogEntry, 'kind' | 'item'>,
    head: Head | undefined,
    isForgotten?: boolean,
  ): void {
    const follower = this.#followed.get(partition)?.follower
    if (head === undefined) follower?.onNoSequence()
    else follower?.onExecuted(entry, head, isForgotten)
  }

  /** Starts the heartbeat if it does not beat, because something is to be repeated. */
  wake(): void {
    if (this.#isBeating || this.#closed) return
    this.#isBeating = true
    this.#heartbeat = this.#parts.timers.set(() => void this.#beat(), this.#parts.settings.heartbeatMs)
  }

  close(): void {
    this.#closed = true
    this.#unsubscribe?.()
    this.#unlisten()
    this.#parts.timers.clear(this.#heartbeat)
    for (const { follower, recovery } of this.#followed.values()) {
      recovery.close()
      // An entry of this node's tier that is found afterwards must not count as valid.
      follower.flushedAt = Infinity
    }
  }

  #make(partition: string, flush: () => void): Followed {
    const { remote, clock, timers, random, settings, forgetting } = this.#parts
    const { journalMs, journalLimit, heartbeatMs, renewalMs } = settings
    const journal = new RecentInvalidations(clock, journalMs, journalLimit)
    const recovery = new Recovery({
      remote,
      partition,
      journal,
      timers,
      random,
      heartbeatMs,
      forget: (entry) => forgetting.entry(entry),
      replayed: (head) => follower.onSeen(head),
    })
    const effects: LogFollowerEffects = {
      drop: (key, counter) => forgetting.drop(key, counter),
      dropTag: (tag) => forgetting.tag(tag),
      flush,
      sync: (since, ordinal) => void this.#sync(partition, follower, since, recovery.epoch(ordinal)),
      rotate: (seen, ordinal) => void recovery.rotate(follower, seen, ordinal),
      rotated: (head, won) => recovery.replay(head, won),
    }
    const follower = new LogFollower(clock, journal, effects, renewalMs)
    return { follower, recovery }
  }

  async #sync(
    partition: string,
    follower: LogFollower,
    since: Head | undefined,
    ifNone: EpochId,
  ): Promise<void> {
    const { remote, local } = this.#parts
    try {
      const reply = await remote.sync(partition, since, ifNone)
      if (this.#closed) return
      follower.onSync(reply)
      local?.endOutage(follower)
    } catch {
      follower.onSyncFailed()
    }
  }

  // Returns the partitions in which this node has something to lose. The others need not be asked for.
  #atStake(): readonly string[] {
    const { remote, markers, table } = this.#parts
    const inFlight = new Set(markers.keys().map((key) => remote.partitionOf(key)))
    if (!table.isEmpty) inFlight.add(remote.generationPartition)
    return [...this.#followed].flatMap(([partition, { follower, recovery }]) =>
      follower.isAtStake || recovery.isOwed || inFlight.has(partition) ? [partition] : [],
    )
  }

  // Forgets the known generations. The loads go on in a node without a tier that has just begun to follow. It has
  // shared nothing, and its entries are judged by the generations that they bear.
  #flushGenerations(): void {
    const hasBegun = this.#parts.local !== undefined || this.generations.applied !== undefined
    if (hasBegun) this.#parts.forgetting.allTags()
    else this.#parts.forgetting.table()
  }

  #onReconnect(): void {
    // A server with older data may still have a lease that another server has voided. Its load must not use it.
    if (this.#parts.local === undefined) this.#parts.markers.killAll(() => true)
    const atStake = new Set(this.#atStake())
    for (const [partition, { follower }] of this.#followed) follower.onReconnect(atStake.has(partition))
    // Waiting operations are sent before all else.
    if (this.#parts.isQueued()) this.#parts.replay()
  }

  async #beat(): Promise<void> {
    const { remote, clock, isQueued, replay } = this.#parts
    const startedAtMs = clock.now()
    // The queue is sent first, because one master may be away and fail the rest.
    if (isQueued()) replay()
    try {
      const asked = this.#atStake()
      if (asked.length > 0) {
        const heads = await remote.heads(asked)
        for (const partition of asked)
          this.#followed.get(partition)!.follower.onHead(heads.get(partition), startedAtMs)
      }
      for (const { recovery } of this.#followed.values()) void recovery.run()
    } catch {
      // The server is away, which the sync age tells.
    }
    this.#isBeating = false
    if (this.#followed.size > 0 || isQueued()) this.wake()
  }
}
