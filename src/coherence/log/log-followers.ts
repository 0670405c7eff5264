import type { EpochId, Head, LogEntry } from '../../core/remote/log.ts'
import type { RemoteOp, RemoteResult } from '../../core/remote/operations.ts'
import type { Op } from '../../core/store.ts'
import type { AppliedChange } from '../../core/trail.ts'
import type { NodeState } from '../node-state.ts'
import type { PartitionState } from '../partition-state.ts'
import type { CoherenceParts } from '../settings.ts'
import type { Beating, Heartbeat } from './heartbeat.ts'
import { LogFollower, type LogFollowerEffects } from './log-follower.ts'
import { RecentInvalidations } from './recent-invalidations.ts'
import { Recovery } from './recovery.ts'

interface Followed {
  readonly follower: LogFollower
  readonly recovery: Recovery
  readonly journal: RecentInvalidations
}

/**
 * Follows the logs of partitions. A node that keeps entries follows all of them. Any other node follows only the log of
 * generations, from the first use of a tag on.
 */
export class LogFollowers implements Beating {
  readonly #parts: CoherenceParts
  readonly #state: NodeState
  readonly #heartbeat: Heartbeat
  readonly #followed = new Map<string, Followed>()
  readonly #generations: Followed
  #unsubscribe: (() => void) | undefined
  #closed = false

  constructor(parts: CoherenceParts, state: NodeState, heartbeat: Heartbeat) {
    this.#parts = parts
    this.#state = state
    this.#heartbeat = heartbeat
    this.#generations = this.#make(state.generations)
  }

  /** Begins to follow every partition. */
  followAll(): void {
    for (const partition of this.#state.partitions)
      if (partition !== this.#state.generations) this.#followed.set(partition.name, this.#make(partition))
    this.followGenerations()
  }

  /** Begins to follow the log of generations, or catches up if it had nothing to lose for a while. */
  followGenerations(): void {
    if (this.#closed) return
    const { generations, settings } = this.#state
    if (this.#followed.has(generations.name)) return this.#generations.follower.catchUp(settings.maxLagMs)
    this.#followed.set(generations.name, this.#generations)
    this.#unsubscribe = this.#parts.bus?.subscribe(
      (message) => this.#followed.get(message.partition)?.follower.onMessage(message),
      () => {
        for (const { follower } of this.#atStake()) follower.startSync()
      },
    )
    for (const { follower } of this.#followed.values()) follower.startSync()
    this.#heartbeat.wake()
  }

  /** Returns the follower of the key's partition, in a node that keeps entries. */
  of(key: string): LogFollower {
    return this.#followed.get(this.#state.partitionOf(key).name)!.follower
  }

  /**
   * Notes an executed operation if the reply says that it was logged. An acknowledged removal always was.
   * `isForgotten`: in this step the caller gives up all that this node has of the key.
   */
  noteExecuted(
    { kind, key }: Pick<Op | RemoteOp, 'kind' | 'key'>,
    { ok, head, logged, outdated }: RemoteResult,
    isForgotten = false,
  ): void {
    const removes =
      kind === 'set' || kind === 'add' || kind === 'delete' || kind === 'take' || kind === 'stale'
    if (outdated === true || ((kind === 'fill' || kind === 'add') && !ok)) return
    if (logged !== true && !removes) return
    this.note(this.#state.partitionOf(key).name, { kind: 'key', item: key }, head, isForgotten)
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

  /** Returns the changes of a key and of tags that this node has applied of late. */
  changesOf(key: string, tags: readonly string[]): readonly AppliedChange[] {
    const ofKey = this.#followed.get(this.#state.partitionOf(key).name)?.journal.of('key', [key]) ?? []
    const ofTags = this.#followed.get(this.#state.generations.name)?.journal.of('tag', tags) ?? []
    return [...ofKey, ...ofTags].sort((a, b) => b.ageMs - a.ageMs)
  }

  get isNeeded(): boolean {
    return this.#followed.size > 0
  }

  async beat(): Promise<void> {
    const { remote, clock } = this.#state
    const startedAtMs = clock.now()
    try {
      const asked = this.#atStake()
      if (asked.length > 0) {
        const heads = await remote.heads(asked.map(({ follower }) => follower.partition.name))
        for (const { follower } of asked) {
          const head = heads.get(follower.partition.name)
          if (head !== 'unanswered') follower.onHead(head, startedAtMs)
        }
      }
      for (const { recovery, follower } of this.#followed.values()) void recovery.run(follower)
    } catch {
      // The server is away, which the sync age tells.
    }
  }

  reconnected(): void {
    // A server with older data may still have a lease that another server has voided. Its load must not use it.
    if (this.#state.local === undefined) this.#state.inFlight.killAll(() => true)
    const atStake = new Set(this.#atStake())
    for (const followed of this.#followed.values()) followed.follower.onReconnect(atStake.has(followed))
  }

  close(): void {
    this.#closed = true
    this.#unsubscribe?.()
    for (const { recovery } of this.#followed.values()) recovery.close()
  }

  #make(partition: PartitionState): Followed {
    const { timers, random } = this.#parts
    const { clock, settings } = this.#state
    const journal = new RecentInvalidations(clock, settings.journalMs, settings.journalLimit)
    const recovery = new Recovery(this.#state, partition.name, journal, timers, random)
    const effects: LogFollowerEffects = {
      forget: (target, upTo) => this.#state.forget(target, upTo),
      sync: (since, ordinal) => void this.#sync(follower, since, recovery.epoch(ordinal)),
      rotate: (seen, ordinal) => void recovery.rotate(follower, seen, ordinal),
      rotated: (head, won) => recovery.replay(follower, head, won),
    }
    const follower = new LogFollower(partition, clock, journal, effects, settings.renewalMs)
    return { follower, recovery, journal }
  }

  async #sync(follower: LogFollower, since: Head | undefined, ifNone: EpochId): Promise<void> {
    try {
      const reply = await this.#state.remote.sync(follower.partition.name, since, ifNone)
      if (this.#closed) return
      follower.onSync(reply)
      this.#state.local?.endOutage(follower.partition)
    } catch {
      follower.onSyncFailed()
    }
  }

  /**
   * The milliseconds since this node last knew all changes of what it keeps; `undefined` = it keeps nothing, or does not
   * know anything of the server yet.
   */
  get syncAgeMs(): number | undefined {
    const ages = this.#atStake().map(({ follower }) => follower.partition.syncAgeMs)
    const oldestMs = Math.max(...ages)
    return Number.isFinite(oldestMs) ? Math.max(0, oldestMs) : undefined
  }

  // Returns the partitions in which this node has something to lose. The others need not be asked for.
  #atStake(): readonly Followed[] {
    const { inFlight, table, generations } = this.#state
    const busy = new Set(inFlight.keys().map((key) => this.#state.partitionOf(key)))
    if (!table.isEmpty) busy.add(generations)
    return [...this.#followed.values()].filter(
      ({ follower, recovery }) => follower.isAtStake || recovery.isOwed || busy.has(follower.partition),
    )
  }
}
