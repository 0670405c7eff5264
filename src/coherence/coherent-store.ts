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
import { Changes } from './changes.ts'
import { Explaining } from './explaining.ts'
import { Fills } from './fills.ts'
import { Following } from './following.ts'
import { Forgetting } from './forgetting.ts'
import { GenerationTable } from './generations.ts'
import { Keeper } from './keeping.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { LocalSlot, LocalTier } from './local-tier.ts'
import { Markers, type Marker } from './markers.ts'
import { Outbox } from './outbox.ts'
import { Reads } from './reads.ts'
import type { CoherenceParts, CoherenceSettings } from './settings.ts'
import { TagInvalidator } from './tag-invalidator.ts'
import { TaggedCalls } from './tagged-calls.ts'
import type { Verdict } from './verdict.ts'

/**
 * The store port over a remote store that several processes share, with a tier of this process before it that
 * never serves what was invalidated longer ago than the bound. The rules are those of docs/coherence.md.
 */
export class CoherentStore implements Store {
  readonly isShared = true
  /** The store that other processes share. */
  readonly remote: RemoteStore
  readonly ownsAll: boolean
  readonly #parts: CoherenceParts
  readonly #settings: CoherenceSettings
  readonly #markers: Markers
  readonly #outbox: Outbox
  readonly #following: Following
  readonly #generations: GenerationTable
  readonly #forgetting: Forgetting
  readonly #tags: TagInvalidator
  readonly #reads: Reads
  readonly #fills: Fills
  readonly #changes: Changes
  readonly #explaining: Explaining
  readonly #removeQueue: (() => void) | undefined

  constructor(parts: CoherenceParts, settings: CoherenceSettings) {
    const { remote, local: localStore, clock, timers, random, node } = parts
    this.remote = remote
    this.ownsAll = parts.ownsAll ?? true
    this.#parts = parts
    this.#settings = settings
    const isStrict = settings.policy === 'strict'
    const markers = new Markers(node, clock)
    const outbox = new Outbox(settings.outboxLimit)
    const leases = new LeaseKeeper(remote, clock, timers, settings.leaseMs, settings.longestLeaseMs)
    const table = new GenerationTable({
      remote,
      random,
      clock,
      maxLagMs: settings.maxLagMs,
      maxStaleMs: isStrict ? -1 : settings.maxStaleMs,
      limits: { table: settings.generationLimit, queue: settings.outboxLimit },
      asked: () => this.#following.followGenerations(),
    })
    const local =
      localStore &&
      new LocalTier({
        store: localStore,
        values: parts.values ?? localStore,
        table,
        clock,
        longestMs: parts.localTtlMs ?? Infinity,
        maxAgeMs: isStrict ? settings.maxLagMs : settings.maxStaleMs,
        nextEvent: () => markers.nextEvent(),
      })
    const forgetting = new Forgetting({ remote, local, markers, keeper: leases, table })
    const following = new Following({
      ...parts,
      settings,
      local,
      markers,
      forgetting,
      queued: () => this.pending.outbox,
      replay: async () => {
        await this.#changes.replay()
        await this.#tags.replay()
      },
    })
    table.follower = following.generations
    const calls = new TaggedCalls({
      remote,
      table,
      leaseMs: settings.leaseMs,
      hasReached: (token) => following.hasReached(token),
      now: () => clock.now(),
    })
    const keeper = new Keeper({ remote, local, following, outbox, settings, clock })
    const shared = { remote, local, markers, outbox, calls, keeper, following, forgetting, clock }
    this.#reads = new Reads({ ...shared, leases })
    this.#fills = new Fills(shared)
    this.#changes = new Changes(shared)
    this.#tags = new TagInvalidator({
      remote,
      table,
      forget: (tag) => forgetting.tag(tag),
      note: (tag, head, sentAtMs) =>
        following.note(remote.generationPartition, { kind: 'tag', item: tag }, head, sentAtMs),
      queued: () => following.wake(),
      now: () => clock.now(),
    })
    this.#explaining = new Explaining({ ...shared, table })
    this.#markers = markers
    this.#outbox = outbox
    this.#following = following
    this.#generations = table
    this.#forgetting = forgetting
    if (local !== undefined) following.followAll()
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
    return kept instanceof LocalSlot ? kept.view() : this.remote.view(stored)
  }

  get(key: string, reading?: Reading): MaybePromise<Stored | undefined> {
    return this.#reads.get(key, reading)
  }

  getMany(keys: readonly string[], reading?: Reading): Promise<readonly (Stored | undefined)[]> {
    return this.#reads.getMany(keys, reading)
  }

  read(keys: readonly string[], reading?: Reading): Promise<ReadonlyMap<string, Found>> {
    return this.#reads.read(keys, reading)
  }

  open(key: string, reading?: Reading): Lease {
    return this.#markers.open(key, reading)
  }

  async acquire(leases: readonly Lease[], options: AcquireOptions = {}): Promise<readonly Acquired[]> {
    return this.#reads.acquire(leases as readonly Marker[], options)
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
    return this.#fills.run(fills.map((each) => this.#asSent(each)))
  }

  // A stale value that is right may be an entry of the own tier: the server has another form of it.
  #asSent(each: Fill): Fill {
    const kept: unknown = each.stored
    if (!(kept instanceof LocalSlot)) return each
    const admitted = this.remote.admit(kept.view())
    if ('refused' in admitted) throw admitted.refused
    return { ...each, stored: admitted.stored }
  }

  async release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): Promise<void> {
    const held = (leases as readonly Marker[]).filter((marker) => marker.held)
    for (const lease of leases) this.#forgetting.settle(lease as Marker)
    if (held.length > 0) await this.#forgetting.release(held, cooldown)
  }

  // C4.
  joinable(lease: Lease, startedAtMs: number, reading?: Reading): boolean {
    if (lease.dead || !this.#following.hasReached(reading?.after)) return false
    const { maxLagMs } = this.#settings
    if (this.#parts.clock.now() - startedAtMs <= maxLagMs) return true
    return this.#following.isSynced(lease.key, lease.tags?.length !== 0, maxLagMs)
  }

  write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    return this.#changes.write(ops)
  }

  async invalidate(
    keys: readonly string[],
    tags: readonly string[],
    options: InvalidateOptions = {},
  ): Promise<Invalidated> {
    const [ofKeys, ofTags] = await Promise.all([
      keys.length === 0 ? undefined : this.#changes.invalidate(keys, options),
      tags.length === 0 ? undefined : this.#tags.run(tags, options.keepStale),
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
    for await (const { key, generations } of this.remote.scan(prefix)) {
      if (this.#outbox.has(key)) continue
      const shown: MaybePromise<Verdict> = this.#generations.shows(generations, reading)
      if ((isPromise(shown) ? await shown : shown) === 'fresh') yield key
    }
  }

  async deleteByPrefix(prefix: string): Promise<number> {
    return this.#changes.deleteByPrefix(prefix)
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
    return this.#parts.local?.stats() ?? none
  }

  async close(): Promise<void> {
    this.#following.close()
    this.#removeQueue?.()
    await this.remote.close()
  }

  /** Reads served by the tier of this process. */
  get localHits(): number {
    return this.#reads.localHits
  }

  /** Whether an invalidation of the key waits for an acknowledgement. */
  isQueued(key: string): boolean {
    return this.#outbox.has(key)
  }

  /** Whether an invalidation of the tag waits for an acknowledgement. */
  isTagQueued(tag: string): boolean {
    return this.#generations.queue.get(tag) !== undefined
  }

  /** What is under way or kept back, for checks and figures. */
  get pending(): { readonly markers: number; readonly outbox: number } {
    return { markers: this.#markers.size, outbox: this.#outbox.size + this.#generations.queue.size }
  }
}
