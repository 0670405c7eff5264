import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import type { RemoteStore } from '../core/remote/remote-store.ts'
import { readToken } from '../core/token.ts'
import { HeldLeases } from './leases/held-leases.ts'
import { InFlight, type Operation } from './in-flight.ts'
import { LocalTier } from './local-tier.ts'
import { CallPlaces } from './order/call-places.ts'
import { CallTime } from './order/call-time.ts'
import { PartitionState } from './partition-state.ts'
import type { Suspects } from './queues/suspects.ts'
import type { CoherenceParts, CoherenceSettings } from './settings.ts'
import { GenerationTable } from './tags/generation-table.ts'

/** A part of what a node knows. The item of `'all'` is a partition. */
export interface Target {
  readonly kind: 'key' | 'tag' | 'prefix' | 'all'
  readonly item: string
  /** The stamp of an invalidation of a tag that came after all that is in flight. */
  readonly stamp?: string
}

/** The longest wait for an earlier call of a key, if the remote store does not know its deadline. */
const DEADLINE_MS = 500

/** All that a node knows of the server's entries: kept ones, operations in flight, leases, generations, positions. */
export class NodeState {
  readonly remote: RemoteStore
  readonly settings: CoherenceSettings
  readonly clock: AgeClock
  readonly time: CallTime
  readonly inFlight: InFlight
  readonly leases: HeldLeases
  readonly table: GenerationTable
  /** The tier of this process; `undefined` = nothing is kept here. */
  readonly local: LocalTier | undefined
  /** The changes that are under way. */
  readonly places: CallPlaces = new CallPlaces()
  /** The partition that has the changes of tags. */
  readonly generations: PartitionState
  readonly #partitions: ReadonlyMap<string, PartitionState>

  /** `suspects` are the tags for whose invalidation there was no room. */
  constructor(parts: CoherenceParts, settings: CoherenceSettings, suspects: Suspects) {
    const { remote, timers, random, node } = parts
    const clock = ageClock(parts.clock)
    this.remote = remote
    this.settings = settings
    this.clock = clock
    this.time = new CallTime(remote.deadlineMs ?? parts.deadlineMs ?? DEADLINE_MS, clock, timers)
    this.inFlight = new InFlight(node, clock)
    this.leases = new HeldLeases(remote, clock, timers, settings)
    this.generations = new PartitionState(remote.generationPartition, clock)
    this.#partitions = new Map([
      ...remote.partitions.map((name) => [name, new PartitionState(name, clock)] as const),
      [remote.generationPartition, this.generations],
    ])
    this.table = new GenerationTable(
      random,
      clock,
      this.generations,
      settings,
      suspects,
      (key, tag) => this.local?.bears(key, tag) === true,
    )
    const maxAgeMs = settings.policy === 'strict' ? settings.maxLagMs : settings.maxStaleMs
    this.local = parts.local && new LocalTier(parts.local, this.table, this.inFlight, clock, maxAgeMs)
  }

  get partitions(): Iterable<PartitionState> {
    return this.#partitions.values()
  }

  /** Returns the partition of a key. */
  partitionOf(key: string): PartitionState {
    return this.#partitions.get(this.remote.partitionOf(key))!
  }

  /** Whether nothing older than `maxAgeMs` is missing that concerns a key, and its tags if it has any. */
  isSynced(key: string, isTagged: boolean, maxAgeMs: number): boolean {
    return this.partitionOf(key).isSynced(maxAgeMs) && (!isTagged || this.generations.isSynced(maxAgeMs))
  }

  /** Whether this node has applied all that the token's maker had seen logged (C10). */
  hasReached(token: string | undefined): boolean {
    if (token === undefined) return true
    const parts = readToken(token)
    return parts?.every((part) => this.#partitions.get(part.partition)?.hasReached(part) === true) === true
  }

  /**
   * Forgets all that this node has of a target, and marks operations in flight dead (docs/coherence.md, C2, C5). `upTo`
   * is the counter of the message that tells of the change: an entry as new as that stays. `except` is the write that
   * is the change itself.
   */
  forget({ kind, item, stamp }: Target, upTo: number = Infinity, except?: Operation): void {
    switch (kind) {
      case 'key':
        this.local?.drop(item, upTo)
        return this.inFlight.kill(item, upTo, except)
      case 'tag':
        this.table.drop(item)
        return this.#detach(this.inFlight.killTagged(item, stamp))
      case 'prefix':
        // The entries of a prefix are not listed, so all are given up. Other loads go on.
        for (const partition of this.partitions) this.local?.flush(partition)
        return this.inFlight.killAll((key) => key.startsWith(item))
      case 'all':
        return this.#flush(item)
    }
  }

  /** Ends a load, because its lease was used or given up. */
  settle(load: Operation): void {
    this.leases.letGo(load)
    this.inFlight.close(load)
  }

  close(): void {
    this.leases.close()
    this.local?.close()
  }

  // Forgets all of a partition, because something may have been missed.
  #flush(name: string): void {
    if (name === this.generations.name) return this.#flushGenerations()
    this.local?.flush(this.#partitions.get(name)!)
    this.inFlight.killAll((key) => this.remote.partitionOf(key) === name)
  }

  // The loads go on in a node without a tier that has just begun to follow. It has shared nothing, and its entries are
  // judged by the generations that they bear.
  #flushGenerations(): void {
    this.table.flush()
    const hasBegun = this.local !== undefined || this.generations.applied !== undefined
    if (hasBegun) this.#detach(this.inFlight.killTagged(undefined))
  }

  // The server still has their leases. They are given back, so that new loads need not wait for them.
  #detach(held: readonly Operation[]): void {
    if (held.length === 0) return
    for (const load of held) this.leases.letGo(load)
    void this.leases.giveBack(held)
  }
}
