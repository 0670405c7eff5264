import type { AtomicStore } from '../core/atomic-store.ts'
import type { Board } from '../core/board.ts'
import type { StoreStats } from '../core/counters.ts'
import type { StoreExplanation } from '../core/explanation.ts'
import type { StoreHealth } from '../core/health.ts'
import type { Observer } from '../core/observing/observer.ts'
import type { Clock } from '../core/time/clock.ts'
import { NOTHING } from '../core/nothing.ts'
import type { MaybePromise } from '../core/promise.ts'
import type { RemoteStore } from '../core/remote/remote-store.ts'
import type {
  AcquireOptions,
  Acquired,
  Admitted,
  Cooldown,
  Fill,
  Filled,
  Found,
  Invalidated,
  InvalidateOptions,
  Lease,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
  Tier,
  ValueFormat,
} from '../core/store.ts'
import { isPromise } from '../core/promise.ts'
import { tokenOf } from '../core/token.ts'
import type { Trail } from '../core/trail.ts'
import { Changes } from './changes.ts'
import { Explaining } from './explain.ts'
import { Figures } from './figures.ts'
import { Fills } from './fills.ts'
import type { Operation } from './in-flight.ts'
import { LocalEntries } from './local-entries.ts'
import { LocalSlot } from './local-tier.ts'
import { Heartbeat } from './log/heartbeat.ts'
import { LogFollowers } from './log/log-followers.ts'
import { NodeState } from './node-state.ts'
import type { KnownAnswer } from './order/adds.ts'
import { CallOrder } from './order/call-order.ts'
import type { Turn } from './order/turn.ts'
import { Outbox } from './queues/outbox.ts'
import { isRefusal } from './queues/refusal.ts'
import { Replay } from './queues/replay.ts'
import { Suspects } from './queues/suspects.ts'
import { Reads } from './reads.ts'
import type { CoherenceParts, CoherenceSettings } from './settings.ts'
import { GenerationSource } from './tags/generation-source.ts'
import { TagInvalidator } from './tags/tag-invalidator.ts'
import { TaggedLoads } from './tags/tagged-loads.ts'
import { TaggedWrites } from './tags/tagged-writes.ts'
import type { TagState } from './tags/tag-state.ts'

/**
 * The store port over a remote store that several processes share, with a tier of this process before it. The tier
 * never serves an entry that was invalidated longer ago than the bound. The rules are those of docs/coherence.md.
 */
export class CoherentStore implements Store {
  readonly isShared = true
  /** The store that other processes share. */
  readonly remote: RemoteStore
  readonly deadlineMs: number | undefined
  readonly ownsAll: boolean
  readonly #parts: CoherenceParts
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #order: CallOrder
  readonly #heartbeat: Heartbeat
  readonly #followers: LogFollowers
  readonly #replay: Replay
  readonly #tags: TagInvalidator
  readonly #generations: GenerationSource
  readonly #reads: Reads
  readonly #fills: Fills
  readonly #changes: Changes
  readonly #explaining: Explaining
  readonly #figures: Figures
  readonly #removeQueue: (() => void) | undefined

  get bounds(): Store['bounds'] {
    return this.#parts.local?.bounds
  }

  constructor(parts: CoherenceParts, settings: CoherenceSettings) {
    const { remote, timers, random } = parts
    this.remote = remote
    this.deadlineMs = remote.deadlineMs
    this.ownsAll = parts.ownsAll ?? true
    this.#parts = parts
    const suspects = (): Suspects =>
      new Suspects(settings.suspectBits, Math.ceil(settings.suspectBits / 32), random)
    const suspectKeys = suspects()
    const suspectTags = suspects()
    const state = new NodeState(parts, settings, suspectTags)
    this.#state = state
    const order = new CallOrder(remote, timers, state.time.deadlineMs)
    this.#order = order
    const heartbeat = new Heartbeat(remote, timers, settings.heartbeatMs)
    this.#heartbeat = heartbeat
    const outbox = new Outbox({
      limit: settings.outboxLimit,
      places: state.places,
      suspects: suspectKeys,
      partitionOf: (key) => remote.partitionOf(key),
      queued: () => this.#owe(),
      dropped: () => this.#drop(1, undefined),
    })
    this.#outbox = outbox
    const followers = new LogFollowers(parts, state, heartbeat)
    this.#followers = followers
    this.#figures = new Figures(parts, state, outbox, [suspectKeys, suspectTags], followers)
    const dropped = (count: number, error: unknown): void => this.#drop(count, error)
    this.#tags = new TagInvalidator(state, followers, () => this.#owe(), suspectTags, dropped)
    const replay = new Replay(state, outbox, suspectKeys, order, this.#tags, followers, dropped)
    this.#replay = replay
    // The queue is sent first, because one master may be away and fail the rest.
    heartbeat.add(replay)
    heartbeat.add(followers)
    this.#generations = new GenerationSource(state, this.#tags, followers)
    const loads = new TaggedLoads(state, this.#generations)
    const tagged = new TaggedWrites(state, this.#generations)
    const entries = new LocalEntries(state, followers, outbox)
    this.#reads = new Reads(state, outbox, replay, loads, entries)
    this.#fills = new Fills(state, outbox, loads, followers, entries)
    this.#changes = new Changes(state, outbox, replay, order, tagged, followers, entries)
    this.#explaining = new Explaining(state, outbox, loads, followers)
    if (state.local !== undefined) followers.followAll()
    this.#removeQueue = remote.addQueue?.(() => this.pending.outbox)
  }

  get atomic(): AtomicStore | undefined {
    return this.remote.atomic
  }

  get format(): ValueFormat | undefined {
    return this.remote.format
  }

  admit(value: unknown): Admitted {
    return value === undefined ? { refused: NOTHING } : this.remote.admit(value)
  }

  view(stored: Stored): unknown {
    const kept: unknown = stored
    return kept instanceof LocalSlot ? this.#parts.local!.view(kept.stored) : this.remote.view(stored)
  }

  tierOf(stored: Stored): Tier {
    const kept: unknown = stored
    return kept instanceof LocalSlot ? 'l1' : 'l2'
  }

  get(key: string, reading?: Reading): MaybePromise<Stored | undefined> {
    const order = this.#order
    if (!order.isIdle) return order.read([key], reading?.tags, () => this.#getOne(key, reading))
    return this.#getOne(key, reading)
  }

  getMany(keys: readonly string[], reading?: Reading): Promise<readonly (Stored | undefined)[]> {
    return this.#inTurn(keys, reading, () => this.#reads.getMany(keys, reading))
  }

  read(keys: readonly string[], reading?: Reading): Promise<ReadonlyMap<string, Found>> {
    return this.#inTurn(keys, reading, () => this.#reads.read(keys, reading))
  }

  open(key: string, reading?: Reading): Lease {
    return this.#state.inFlight.open(key, reading)
  }

  async acquire(leases: readonly Lease[], options: AcquireOptions = {}): Promise<readonly Acquired[]> {
    return this.#reads.acquire(leases as readonly Operation[], options)
  }

  async fill(fills: readonly Fill[]): Promise<readonly Filled[]> {
    return this.#fills.run(fills.map((each) => this.#asSent(each)))
  }

  // A stale value that is still right may be an entry of this node's tier. The server has another form of it.
  #asSent(each: Fill): Fill {
    const kept: unknown = each.stored
    if (!(kept instanceof LocalSlot)) return each
    const admitted = this.remote.admit(this.view(each.stored))
    if ('refused' in admitted) throw admitted.refused
    return { ...each, stored: admitted.stored }
  }

  async release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): Promise<void> {
    const held = (leases as readonly Operation[]).filter((marker) => marker.held)
    for (const lease of leases) this.#state.settle(lease as Operation)
    if (held.length > 0) await this.#state.leases.giveBack(held, cooldown)
  }

  // C4: a load may be shared if it is young, or if this node has missed nothing.
  joinable(lease: Lease, startedAtMs: number, reading?: Reading): boolean {
    const { clock, settings } = this.#state
    if (lease.dead || !this.#state.hasReached(reading?.after)) return false
    if (clock.now() - startedAtMs <= settings.maxLagMs) return true
    return this.#state.isSynced(lease.key, lease.tags?.length !== 0, settings.maxLagMs)
  }

  write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    const together = ops.every(isStep) ? 'steps' : undefined
    if (this.#order.isIdle) return this.#order.called(ops, this.#changes.write(ops), together)
    const call = (turn?: Turn): Promise<readonly OpResult[]> => this.#changes.write(ops, turn)
    const late = (error: Error, turn: Turn): never => this.#changes.giveUp(ops, error, turn)
    const [op] = ops
    if (ops.length === 1 && op?.kind === 'add') return this.#order.add(op, call, late, ADDED_BEFORE)
    return this.#order.change(ops, call, late, together)
  }

  async invalidate(
    keys: readonly string[],
    tags: readonly string[],
    options: InvalidateOptions = {},
  ): Promise<Invalidated> {
    const [ofKeys, ofTags] = await Promise.all([
      keys.length === 0
        ? undefined
        : this.#order.change(
            keys.map((key) => ({ key })),
            (turn) => this.#changes.invalidate(keys, options, turn),
            (error, turn) => this.#changes.giveUpInvalidation(keys, options, error, turn),
          ),
      tags.length === 0
        ? undefined
        : this.#order.cover(
            (_, borne) => borne.some((tag) => tags.includes(tag)),
            (turn) => this.#tags.run(tags, options.keepStale, turn),
            (error, turn) => this.#tags.giveUp(tags, options.keepStale, error, turn),
          ),
    ])
    const outcomes = new Set([ofKeys?.l2, ofTags?.l2])
    const worst = (['dropped', 'queued', 'acked'] as const).find((l2) => outcomes.has(l2))
    const { generationPartition } = this.remote
    const token = tokenOf([
      ...(ofKeys?.heads ?? []).map((head, index) => ({
        partition: this.remote.partitionOf(keys[index]!),
        head,
      })),
      ...(ofTags?.heads ?? []).map((head) => ({ partition: generationPartition, head })),
    ])
    const l2 = worst ?? 'acked'
    const error: unknown = ofKeys?.error ?? ofTags?.error
    const removed = ofKeys?.removed ?? 0
    return { l1: l2 === 'dropped' ? 'dropped' : 'acked', l2, token, removed, error }
  }

  tagPlace(): MaybePromise<string> {
    return this.#generations.place()
  }

  changedSince(tags: readonly string[], place: string, lifeMs: number): Promise<readonly string[]> {
    return this.#generations.changedSince(tags, place, lifeMs, this.#state.time.end())
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    const waiting = this.#order.covered((key) => key?.startsWith(prefix) === true)
    if (waiting !== undefined) {
      const { time } = this.#state
      const untilMs = time.end()
      await time.inTime(waiting, untilMs)
      await time.inTime(this.#lives(), untilMs)
    }
    for await (const { key, generations } of this.remote.scan(prefix)) {
      if (this.#outbox.has(key)) continue
      const untilMs = this.#state.time.end()
      const shown: MaybePromise<TagState> = this.#generations.shows(generations, reading, untilMs)
      if ((isPromise(shown) ? await shown : shown) === 'fresh') yield key
    }
  }

  async deleteByPrefix(prefix: string): Promise<number> {
    return this.#order.cover(
      (key) => key?.startsWith(prefix) === true,
      () => this.#changes.deleteByPrefix(prefix),
      (error) => this.#changes.giveUpPrefix(prefix, error),
      () => this.#lives(),
    )
  }

  async explain(key: string, reading?: Reading): Promise<StoreExplanation> {
    return this.#explaining.explain(key, reading)
  }

  trail(key: string, tags: readonly string[]): Trail {
    return this.#explaining.trail(key, tags)
  }

  remainingMs(_: string, stored: Stored): number | undefined {
    const kept: unknown = stored
    return kept instanceof LocalSlot ? kept.freshUntilMs - this.#state.clock.now() : undefined
  }

  bytesOf(stored: Stored): number | undefined {
    const kept: unknown = stored
    return kept instanceof LocalSlot ? undefined : this.remote.bytesOf?.(stored)
  }

  observe(observer: Observer | undefined, clock: Clock): void {
    this.#parts.local?.map.listen?.(observer && ((key, _, cause) => observer.remove?.(key, cause)))
    this.remote.observe?.(observer, clock)
  }

  openBoard(): Board | undefined {
    return this.remote.openBoard?.()
  }

  health(): StoreHealth {
    return this.#figures.health()
  }

  stats(): StoreStats {
    return this.#figures.stats()
  }

  async close(): Promise<void> {
    this.#heartbeat.close()
    await this.#replay.last()
    const { queued } = this.#figures
    if (queued > 0) this.#parts.onLeft?.(queued)
    this.#followers.close()
    this.#state.close()
    this.#removeQueue?.()
    await this.remote.close()
  }

  /** Reads served by the tier of this process. */
  get localHits(): number {
    return this.#state.local?.hits ?? 0
  }

  /** Whether an invalidation of the key waits for an acknowledgement. */
  isQueued(key: string): boolean {
    return this.#outbox.has(key)
  }

  /** Whether an invalidation of the tag waits for an acknowledgement. */
  isTagQueued(tag: string): boolean {
    return this.#state.table.queue.get(tag) !== undefined
  }

  /** The numbers of open markers and queued items, for checks and figures. */
  get pending(): { readonly markers: number; readonly outbox: number } {
    return { markers: this.#state.inFlight.size, outbox: this.#figures.queued }
  }

  // A scan has no deadline of its own. After a wait for earlier calls it begins only if the server still answers.
  async #lives(): Promise<void> {
    try {
      await this.remote.heads([this.remote.generationPartition])
    } catch (error) {
      if (!isRefusal(error)) throw error
    }
  }

  #getOne(key: string, reading: Reading | undefined): MaybePromise<Stored | undefined> {
    const local = reading?.skip === 'l1' ? undefined : this.#state.local
    if (local !== undefined && (reading?.after === undefined || this.#state.hasReached(reading.after))) {
      const kept = local.get(key, reading)
      if (kept !== undefined) return kept
    }
    const found = this.#reads.get(key, reading)
    return isPromise(found) && !this.#order.isSent ? this.#order.reading([key], found) : found
  }

  async #inTurn<T>(
    keys: readonly string[],
    reading: Reading | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    if (this.#order.isIdle) return this.#order.reading(keys, call())
    return this.#order.read(keys, reading?.tags, () => this.#order.reading(keys, call()))
  }

  // Something was queued that the next beat sends.
  #owe(): void {
    this.#heartbeat.wake()
    const { owing } = this.#parts
    if (owing !== undefined && !this.#replay.isAwaited) owing(this.#replay.attempt())
  }

  #drop(count: number, error: unknown): void {
    this.#figures.dropped += count
    this.#parts.onDropped?.(error)
  }
}

const ADDED_BEFORE: KnownAnswer<readonly OpResult[]> = {
  answer: [{ ok: false, present: true }],
  tells: ([result]) => result?.ok === true || result?.present === true,
}

// Whether the operation is a step without bounds. Such steps give the same sum in any order.
function isStep(op: Op): boolean {
  return op.kind === 'increment' && op.min === undefined && op.max === undefined
}
