import type { Clock, Random, TimerHandle, Timers } from '../core/clock.ts'
import type { Bus, Epoch, Head, LogEntry, RemoteOp, RemoteResult, RemoteStore } from '../core/remote-store.ts'
import { readToken } from '../core/token.ts'
import type { Forgetting } from './forgetting.ts'
import { Follower } from './follower.ts'
import { Journal } from './journal.ts'
import type { LocalTier } from './local-tier.ts'
import type { Markers } from './markers.ts'
import { Recovery } from './recovery.ts'
import type { CoherenceSettings } from './settings.ts'
import { sameEpoch } from './sightings.ts'

/** What following logs works with. */
export interface FollowingParts {
  readonly remote: RemoteStore
  readonly bus: Bus | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly node: string
  readonly settings: CoherenceSettings
  readonly local: LocalTier | undefined
  readonly markers: Markers
  readonly forgetting: Forgetting
  /** Whether anything waits for an acknowledgement. */
  isQueued(): boolean
  /** Sends it once more. */
  replay(): void
}

interface Followed {
  readonly follower: Follower
  readonly recovery: Recovery
}

/**
 * Follows the logs of partitions: all of them for a node that keeps entries; else only that of generations, and that
 * from the first use of a tag on. The heartbeat beats while there is something to follow or to repeat.
 */
export class Following {
  readonly #parts: FollowingParts
  readonly #followed = new Map<string, Followed>()
  /** Follows the log of generations. */
  readonly generations: Follower
  readonly #ofGenerations: Followed
  #unsubscribe: (() => void) | undefined
  readonly #unlisten: () => void
  #heartbeat: TimerHandle
  #isBeating = false
  #unlogged = 0
  #closed = false

  constructor(parts: FollowingParts) {
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

  /** Begins to follow the log of generations, if it has not begun yet. */
  followGenerations(): void {
    const { remote, bus } = this.#parts
    if (this.#closed || this.#followed.has(remote.generationPartition)) return
    this.#followed.set(remote.generationPartition, this.#ofGenerations)
    this.#unsubscribe = bus?.subscribe(
      (message) => this.#followed.get(message.partition)?.follower.onMessage(message),
      () => this.#syncAll(),
    )
    this.#syncAll()
    this.wake()
  }

  /** The follower of the key's partition, in a node that keeps entries. */
  of(key: string): Follower {
    return this.#followed.get(this.#parts.remote.partitionOf(key))!.follower
  }

  /** Whether nothing that concerns a key, and its tags if it has any, is missing that is older than `maxAgeMs`. */
  isSynced(key: string, isTagged: boolean, maxAgeMs: number): boolean {
    const followed = this.#followed.get(this.#parts.remote.partitionOf(key))
    if (followed?.follower.isSynced(maxAgeMs) !== true) return false
    return !isTagged || this.generations.isSynced(maxAgeMs)
  }

  /** C10: whether this node has applied all that the token's maker had seen logged. */
  hasReached(token: string | undefined): boolean {
    if (token === undefined) return true
    return (
      readToken(token)?.every(
        (part) => this.#followed.get(part.partition)?.follower.hasReached(part) === true,
      ) === true
    )
  }

  /** What changed a value was logged, by an entry that the reply tells of; an acknowledged removal always is. */
  noteExecuted(
    { kind, key }: RemoteOp,
    { ok, head, logged, outdated }: RemoteResult,
    sentAtMs: number,
  ): void {
    const removes = kind === 'set' || kind === 'delete' || kind === 'take' || kind === 'stale'
    if (outdated === true || (kind === 'fill' && !ok)) return
    if (logged !== true && !removes) return
    this.note(this.#parts.remote.partitionOf(key), { kind: 'key', item: key }, head, sentAtMs)
  }

  /** An invalidation was executed, sent at `sentAtMs`, and logged at this head if there is a log. */
  note(
    partition: string,
    entry: Pick<LogEntry, 'kind' | 'item'>,
    head: Head | undefined,
    sentAtMs: number,
  ): void {
    const follower = this.#followed.get(partition)?.follower
    if (follower === undefined) return
    if (head === undefined) follower.onUnlogged(entry, `${this.#parts.node}!${++this.#unlogged}`, sentAtMs)
    else follower.onExecuted(entry, head, sentAtMs)
  }

  /** Lets the heart beat, if it does not: something is to be repeated. */
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
      // Whoever finds an entry of this node's tier afterwards must not take it for valid.
      follower.flushedAt = Infinity
    }
  }

  #make(partition: string, flush: () => void): Followed {
    const { remote, clock, timers, random, settings, forgetting } = this.#parts
    const { journalMs, journalLimit, heartbeatMs } = settings
    const journal = new Journal(clock, journalMs, journalLimit)
    const recovery = new Recovery({
      remote,
      partition,
      journal,
      clock,
      timers,
      random,
      heartbeatMs,
      forget: (entry) => forgetting.entry(entry),
      replayed: (head, sentAtMs) => follower.onSeen(head, sentAtMs),
    })
    const follower: Follower = new Follower(clock, journal, {
      drop: (key, counter) => forgetting.drop(key, counter),
      dropPrefix: (prefix) => forgetting.prefix(prefix),
      dropTag: (tag) => forgetting.tag(tag),
      flush,
      sync: (since, ordinal) => void this.#sync(partition, follower, since, recovery.epoch(ordinal)),
      rotate: (seen, ordinal) => void recovery.rotate(follower, seen, ordinal),
      adopted: (head, won) => recovery.replay(head, won),
    })
    return { follower, recovery }
  }

  async #sync(partition: string, follower: Follower, since: Head | undefined, ifNone: Epoch): Promise<void> {
    const { remote, local } = this.#parts
    try {
      const reply = await remote.sync(partition, since, ifNone)
      if (this.#closed) return
      follower.onSync(reply, sameEpoch(reply.head.epoch, ifNone))
      local?.endOutage(follower)
    } catch {
      follower.onSyncFailed()
    }
  }

  #syncAll(): void {
    for (const { follower } of this.#followed.values()) follower.startSync()
  }

  // A node without a tier that has just begun to follow has shared nothing, and what it stores is judged by the
  // generations that it bears: its loads go on.
  #flushGenerations(): void {
    const hasBegun = this.#parts.local !== undefined || this.generations.applied !== undefined
    if (hasBegun) this.#parts.forgetting.allTags()
    else this.#parts.forgetting.table()
  }

  #onReconnect(): void {
    // A lease that a server of the past still has must not be used by a load that another one has voided.
    if (this.#parts.local === undefined) this.#parts.markers.killAll(() => true)
    for (const { follower } of this.#followed.values()) follower.onReconnect()
    // What waits is sent before anything else is.
    if (this.#parts.isQueued()) this.#parts.replay()
  }

  async #beat(): Promise<void> {
    const { remote, clock, isQueued, replay } = this.#parts
    const startedAtMs = clock.now()
    // What waits is sent first, whatever becomes of the rest: one master may be away.
    if (isQueued()) replay()
    try {
      if (this.#followed.size > 0) {
        const heads = await remote.heads([...this.#followed.keys()])
        for (const [partition, { follower }] of this.#followed)
          follower.onHead(heads.get(partition), startedAtMs)
      }
      for (const { recovery } of this.#followed.values()) void recovery.run()
    } catch {
      // The server is away: the sync age tells.
    }
    this.#isBeating = false
    if (this.#followed.size > 0 || isQueued()) this.wake()
  }
}
