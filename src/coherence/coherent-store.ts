import { ageClock } from '../core/time/age-clock.ts'
import type { AtomicStore } from '../core/atomic-store.ts'
import type { StoreStats } from '../core/counters.ts'
import type { StoreExplanation } from '../core/explanation.ts'
import { NOTHING } from '../core/nothing.ts'
import type { MaybePromise } from '../core/promise.ts'
import type { RemoteStore } from '../core/remote-store.ts'
import type {
  AcquireOptions,
  Acquired,
  Admitted,
  Cooldown,
  Fill,
  Found,
  Invalidated,
  InvalidateOptions,
  Lease,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
  ValueFormat,
} from '../core/store.ts'
import { isPromise } from '../core/promise.ts'
import { tokenOf } from '../core/token.ts'
import { CallOrder } from './order/call-order.ts'
import { CallPlaces } from './order/call-places.ts'
import { CallTime } from './order/call-time.ts'
import { Changes } from './changes.ts'
import { Explaining } from './explain.ts'
import { Fills } from './fills.ts'
import { LogFollowers } from './log/log-followers.ts'
import { Forgetting } from './forgetting.ts'
import { GenerationTable } from './tags/generation-table.ts'
import { LocalEntries } from './local-entries.ts'
import { HeldLeases } from './held-leases.ts'
import { LocalSlot, LocalTier } from './local-tier.ts'
import { InFlight, type Operation } from './in-flight.ts'
import { Outbox } from './queues/outbox.ts'
import { Reads } from './reads.ts'
import { isRefusal } from './queues/refusal.ts'
import { ReturnedLeases } from './returned-leases.ts'
import { Replay } from './queues/replay.ts'
import type { CoherenceParts, CoherenceSettings } from './settings.ts'
import { Suspects } from './queues/suspects.ts'
import { TagInvalidator } from './tags/tag-invalidator.ts'
import { TaggedCalls } from './tags/tagged-calls.ts'
import type { TagState } from './tags/tag-state.ts'

/** The longest wait for an earlier call of a key, if the remote store does not know its deadline. */
const DEADLINE_MS = 500

/**
 * The store port over a remote store that several processes share, with a tier of this process before it. The tier
 * never serves an entry that was invalidated longer ago than the bound. The rules are those of docs/coherence.md.
 */
export class CoherentStore implements Store {
  readonly isShared = true
  /** The store that other processes share. */
  readonly remote: RemoteStore
  readonly ownsAll: boolean
  readonly #parts: CoherenceParts
  readonly #settings: CoherenceSettings
  readonly #returned: ReturnedLeases
  readonly #markers: InFlight
  readonly #outbox: Outbox
  readonly #order: CallOrder
  readonly #local: LocalTier | undefined
  readonly #time: CallTime
  readonly #following: LogFollowers
  readonly #generations: GenerationTable
  readonly #forgetting: Forgetting
  readonly #tags: TagInvalidator
  readonly #reads: Reads
  readonly #fills: Fills
  readonly #changes: Changes
  readonly #explaining: Explaining
  readonly #suspects: readonly Suspects[]
  #dropped = 0
  readonly #removeQueue: (() => void) | undefined

  constructor(parts: CoherenceParts, settings: CoherenceSettings) {
    const { remote, local: memory, timers, random, node } = parts
    const clock = ageClock(parts.clock)
    this.remote = remote
    this.ownsAll = parts.ownsAll ?? true
    this.#parts = { ...parts, clock }
    this.#settings = settings
    const isStrict = settings.policy === 'strict'
    const maxAgeMs = isStrict ? settings.maxLagMs : settings.maxStaleMs
    const markers = new InFlight(node, clock)
    const places = new CallPlaces()
    const suspects = (): Suspects =>
      new Suspects(settings.suspectBits, Math.ceil(settings.suspectBits / 32), random)
    const suspectKeys = suspects()
    const suspectTags = suspects()
    const deadlineMs = remote.deadlineMs ?? parts.deadlineMs ?? DEADLINE_MS
    const time = new CallTime(deadlineMs, clock, timers)
    const order = new CallOrder({
      timers,
      deadlineMs,
      isOrdered: remote.isOrdered,
      hasUnsent: () => remote.hasUnsent === true,
    })
    this.#time = time
    this.#order = order
    const outbox = new Outbox({
      limit: settings.outboxLimit,
      places,
      suspects: suspectKeys,
      partitionOf: (key) => remote.partitionOf(key),
      dropped: () => this.#drop(1, undefined),
    })
    const returned = new ReturnedLeases(remote, timers)
    const leases = new HeldLeases(
      remote,
      returned,
      clock,
      timers,
      settings.leaseMs,
      settings.longestLeaseMs,
      (marker) => {
        // The records that the entry of a long load will bear must not end before the load.
        const lifeMs = Math.max(marker.lifeMs, settings.leaseMs / 2)
        void table.prolong(marker.generations, lifeMs, time.end())?.catch(() => undefined)
      },
    )
    const table: GenerationTable = new GenerationTable({
      remote,
      random,
      clock,
      time,
      maxLagMs: settings.maxLagMs,
      maxStaleMs: isStrict ? -1 : settings.maxStaleMs,
      limits: { table: settings.generationLimit, queue: settings.outboxLimit },
      leastLifeMs: settings.leaseMs,
      isBorne: (key, tag) => local?.bears(key, tag) === true,
      suspects: suspectTags,
      settle: async (tags) => this.#tags.settle(tags),
      asked: () => this.#following.followGenerations(),
    })
    const local: LocalTier | undefined =
      memory && new LocalTier(memory, table, markers, clock, maxAgeMs, settings.maxLagMs)
    const forgetting = new Forgetting({ returned, local, markers, keeper: leases, table })
    const following = new LogFollowers({
      ...parts,
      clock,
      settings,
      local,
      markers,
      forgetting,
      table,
      isQueued: () => !outbox.isEmpty || !table.queue.isEmpty,
      replay: () => void replay.run(),
    })
    table.follower = following.generations
    const calls = new TaggedCalls({
      remote,
      table,
      leaseMs: settings.leaseMs,
      hasReached: (token) => following.hasReached(token),
      now: () => clock.now(),
      time,
    })
    const keeper = new LocalEntries({ remote, local, following, outbox, settings, clock })
    this.#tags = new TagInvalidator({
      remote,
      table,
      suspects: suspectTags,
      dropped: (count, error) => this.#drop(count, error),
      forget: (tag) => forgetting.tag(tag),
      note: (tag, head) => following.note(remote.generationPartition, { kind: 'tag', item: tag }, head),
      queued: () => following.wake(),
      now: () => clock.now(),
    })
    const replay = new Replay({
      remote,
      outbox,
      places,
      suspects: suspectKeys,
      order,
      tags: this.#tags,
      following,
      forgetting,
      clock,
      forgotten: (count, error) => this.#drop(count, error),
    })
    const shared = {
      remote,
      local,
      markers,
      outbox,
      replay,
      calls,
      keeper,
      following,
      forgetting,
      clock,
      time,
    }
    this.#reads = new Reads({ ...shared, leases })
    this.#fills = new Fills(shared)
    this.#changes = new Changes({ ...shared, places, order })
    this.#explaining = new Explaining({ ...shared, table })
    this.#returned = returned
    this.#suspects = [suspectKeys, suspectTags]
    this.#local = local
    this.#markers = markers
    this.#outbox = outbox
    this.#following = following
    this.#generations = table
    this.#forgetting = forgetting
    if (local !== undefined) following.followAll()
    this.#removeQueue = remote.addQueue?.(() => this.pending.outbox)
  }

  get deadlineMs(): number | undefined {
    return this.remote.deadlineMs
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
    return this.#markers.open(key, reading)
  }

  async acquire(leases: readonly Lease[], options: AcquireOptions = {}): Promise<readonly Acquired[]> {
    return this.#reads.acquire(leases as readonly Operation[], options)
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
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
    for (const lease of leases) this.#forgetting.settle(lease as Operation)
    if (held.length > 0) await this.#returned.giveBack(held, cooldown)
  }

  // C4: a load may be shared if it is young, or if this node has missed nothing.
  joinable(lease: Lease, startedAtMs: number, reading?: Reading): boolean {
    if (lease.dead || !this.#following.hasReached(reading?.after)) return false
    const { maxLagMs } = this.#settings
    if (this.#parts.clock.now() - startedAtMs <= maxLagMs) return true
    return this.#following.isSynced(lease.key, lease.tags?.length !== 0, maxLagMs)
  }

  write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    const together = ops.every(isStep) ? 'steps' : undefined
    if (this.#order.isIdle) return this.#order.called(ops, this.#changes.write(ops), together)
    return this.#order.change(
      ops,
      () => this.#changes.write(ops),
      (error) => this.#changes.giveUp(ops, error),
      together,
    )
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
            () => this.#changes.invalidate(keys, options),
            (error) => this.#changes.giveUpInvalidation(keys, options, error),
          ),
      tags.length === 0
        ? undefined
        : this.#order.cover(
            (_, borne) => borne.some((tag) => tags.includes(tag)),
            () => this.#tags.run(tags, options.keepStale),
            (error) => this.#tags.giveUp(tags, options.keepStale, error),
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

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    const waiting = this.#order.covered((key) => key?.startsWith(prefix) === true)
    if (waiting !== undefined) {
      const untilMs = this.#time.end()
      await this.#time.inTime(waiting, untilMs)
      await this.#time.inTime(this.#lives(), untilMs)
    }
    for await (const { key, generations } of this.remote.scan(prefix)) {
      if (this.#outbox.has(key)) continue
      const shown: MaybePromise<TagState> = this.#generations.shows(generations, reading, this.#time.end())
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

  stats(): StoreStats {
    const none = {
      entries: undefined,
      evictions: { entries: 0, weight: 0, oversize: 0 },
      expirations: { read: 0, timer: 0 },
    }
    const { keys, prefixes } = this.#outbox.sizes
    const overflowed = this.#suspects.reduce((sum, { count }) => sum + count, 0)
    const outbox = { keys, prefixes, tags: this.#generations.queue.size, overflowed, dropped: this.#dropped }
    return { ...(this.#parts.local?.stats() ?? none), outbox, unreadable: this.remote.unreadable }
  }

  async close(): Promise<void> {
    this.#following.close()
    this.#returned.close()
    this.#removeQueue?.()
    this.#local?.close()
    await this.remote.close()
  }

  /** Reads served by the tier of this process. */
  get localHits(): number {
    return this.#local?.hits ?? 0
  }

  /** Whether an invalidation of the key waits for an acknowledgement. */
  isQueued(key: string): boolean {
    return this.#outbox.has(key)
  }

  /** Whether an invalidation of the tag waits for an acknowledgement. */
  isTagQueued(tag: string): boolean {
    return this.#generations.queue.get(tag) !== undefined
  }

  /** The numbers of open markers and queued items, for checks and figures. */
  get pending(): { readonly markers: number; readonly outbox: number } {
    const { keys, tags, prefixes, overflowed } = this.stats().outbox!
    return { markers: this.#markers.size, outbox: keys + tags + prefixes + overflowed }
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
    const local = reading?.skip === 'l1' ? undefined : this.#local
    if (local !== undefined && (reading?.after === undefined || this.#following.hasReached(reading.after))) {
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

  #drop(count: number, error: unknown): void {
    this.#dropped += count
    this.#parts.onDropped?.(error)
  }
}

// Whether the operation is a step without bounds. Such steps give the same sum in any order.
function isStep(op: Op): boolean {
  return op.kind === 'increment' && op.min === undefined && op.max === undefined
}
