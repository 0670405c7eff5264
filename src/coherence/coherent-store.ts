import type { Clock, Random, TimerHandle, Timers } from '../core/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import type { MaybePromise } from '../core/promise.ts'
import type {
  Bus,
  Epoch,
  Head,
  LogEntry,
  RemoteFound,
  RemoteOp,
  RemoteResult,
  RemoteStore,
} from '../core/remote-store.ts'
import type {
  Acquired,
  Admitted,
  Fill,
  Found,
  Invalidated,
  Lease,
  Op,
  OpResult,
  Reading,
  Store,
  Stored,
} from '../core/store.ts'
import { NO_TAGS } from '../core/tags.ts'
import { readToken, tokenOf } from '../core/token.ts'
import { Follower, type FollowerEffects } from './follower.ts'
import { GenerationTable } from './generations.ts'
import { Journal } from './journal.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { LocalSlot, LocalTier } from './local-tier.ts'
import { Markers, type Marker } from './markers.ts'
import { Outbox } from './outbox.ts'
import { Recovery } from './recovery.ts'
import { sameEpoch } from './sightings.ts'
import { TagInvalidator } from './tag-invalidator.ts'
import { TaggedCalls, type Written } from './tagged-calls.ts'
import { Fresh, asStored, remoteForm } from './fresh.ts'

/** What a node may do when it can't reach the server. */
export type Policy = 'available' | 'strict'

/**
 * What an invalidation waits for. `'async'`: for the server's word; should the server fail before its replicas have
 * it, the nodes' journals close the gap. `wait`: also for that many replicas, and the result says whether they
 * acknowledged it in time.
 */
export type FailoverMode = 'async' | { readonly wait: number }

/** Settings of coherence, complete, in milliseconds. */
export interface CoherenceSettings {
  /** `'available'`: the local tier serves up to `maxStaleMs` after the last sync; `'strict'`: up to `maxLagMs`. */
  readonly policy: Policy
  readonly maxLagMs: number
  readonly maxStaleMs: number
  readonly heartbeatMs: number
  readonly leaseMs: number
  /** How long one load may hold its lease. */
  readonly longestLeaseMs: number
  /** Keys that wait for an acknowledgement. */
  readonly outboxLimit: number
  readonly failover: FailoverMode
  /** How long, and how many in a partition, applied invalidations are kept for a replay: at most half a log's length. */
  readonly journalMs: number
  readonly journalLimit: number
  /** Tags whose generations a node remembers; it reads again what it has forgotten. */
  readonly generationLimit: number
}

/** What a coherent store works with. */
export interface CoherenceParts {
  readonly remote: RemoteStore
  /** The tier of this process; without one, nothing is kept and nothing followed. */
  readonly local: Store | undefined
  readonly bus: Bus | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Unique among all processes that share the remote store. */
  readonly node: string
}

interface KeysInvalidated {
  readonly l2: 'acked' | 'replicated' | 'queued'
  readonly heads: readonly (Head | undefined)[]
  readonly removed: number
  readonly error?: unknown
}

/**
 * The store port over a remote store that several processes share, with a tier of this process before it that
 * never serves what was invalidated longer ago than the bound. The rules are those of docs/coherence.md.
 */
export class CoherentStore implements Store {
  readonly #remote: RemoteStore
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #settings: CoherenceSettings
  readonly #markers: Markers
  readonly #keeper: LeaseKeeper
  readonly #outbox: Outbox
  readonly #local: LocalTier | undefined
  readonly #localStore: Store | undefined
  readonly #followers: ReadonlyMap<string, Follower>
  readonly #generations: GenerationTable
  readonly #tags: TagInvalidator
  readonly #calls: TaggedCalls
  readonly #recoveries = new Map<string, Recovery>()
  /** Replicas that an invalidation waits for. */
  readonly #replicas: number
  readonly #unsubscribe: (() => void) | undefined
  readonly #unlisten: (() => void) | undefined
  readonly #random: Random
  #heartbeat: TimerHandle
  /** Reads served by the tier of this process. */
  localHits = 0
  #replaying = false
  #unlogged = 0
  readonly #node: string
  #closed = false

  constructor(parts: CoherenceParts, settings: CoherenceSettings) {
    const { remote, local, bus, clock, timers, node } = parts
    this.#remote = remote
    this.#clock = clock
    this.#timers = timers
    this.#random = parts.random
    this.#settings = settings
    this.#node = node
    this.#replicas = settings.failover === 'async' ? 0 : settings.failover.wait
    this.#markers = new Markers(node, clock)
    this.#keeper = new LeaseKeeper(remote, clock, timers, settings.leaseMs, settings.longestLeaseMs)
    this.#outbox = new Outbox(settings.outboxLimit)
    const maxAgeMs = settings.policy === 'strict' ? settings.maxLagMs : settings.maxStaleMs
    this.#localStore = local
    this.#generations = new GenerationTable({
      remote,
      random: parts.random,
      clock,
      maxLagMs: settings.maxLagMs,
      maxStaleMs: settings.policy === 'strict' ? -1 : settings.maxStaleMs,
      limits: { table: settings.generationLimit, queue: settings.outboxLimit },
    })
    this.#calls = new TaggedCalls({
      remote,
      table: this.#generations,
      leaseMs: settings.leaseMs,
      replicas: this.#replicas,
      hasReached: (token) => this.#hasReached(token),
      now: () => clock.now(),
    })
    this.#tags = new TagInvalidator({
      remote,
      table: this.#generations,
      replicas: this.#replicas,
      forget: (tag) => this.#forgetTag(tag),
      note: (tag, head, sentAtMs) =>
        this.#note(remote.generationPartition, { kind: 'tag', item: tag }, head, sentAtMs),
      now: () => clock.now(),
    })
    this.#local = local && new LocalTier(local, this.#generations, maxAgeMs, () => this.#markers.nextEvent())
    const { generationPartition } = remote
    this.#generations.follower = this.#follower(generationPartition, {
      flush: () => {
        this.#generations.flush()
        this.#detach(this.#markers.killTagged(undefined))
      },
    })
    this.#followers = new Map([
      ...remote.partitions.map((partition) => [partition, this.#followerOfKeys(partition)] as const),
      [generationPartition, this.#generations.follower],
    ])
    if (this.#local !== undefined) {
      this.#unsubscribe = bus?.subscribe(
        (message) => this.#followers.get(message.partition)?.onMessage(message),
        () => this.#syncAll(),
      )
      this.#unlisten = remote.onReconnect(() => {
        for (const follower of this.#followers.values()) follower.onReconnect()
      })
      this.#syncAll()
    }
    this.#beat()
  }

  admit(value: unknown): Admitted {
    const admitted = this.#remote.admit(value)
    return 'refused' in admitted ? admitted : { stored: asStored(new Fresh(admitted.stored, value)) }
  }

  view(stored: Stored): unknown {
    const kept: unknown = stored
    if (kept instanceof LocalSlot) return this.#local!.view(kept)
    return this.#remote.view(kept instanceof Fresh ? kept.remote : stored)
  }

  get(key: string, reading?: Reading): MaybePromise<Stored | undefined> {
    const kept = this.#hasReached(reading?.after) ? this.#local?.get(key, reading) : undefined
    if (kept === undefined) return this.#fetchOne(key, reading)
    this.localHits++
    return kept
  }

  async read(keys: readonly string[], reading?: Reading): Promise<ReadonlyMap<string, Found>> {
    const found = new Map<string, Found>()
    const local = this.#hasReached(reading?.after) ? await this.#localStore?.read(keys) : undefined
    for (const [key, entry] of local ?? []) {
      const stored = this.#local!.get(key, reading)
      if (stored !== undefined) found.set(key, { stored, remainingMs: entry.remainingMs })
    }
    const missing = keys.filter((key) => !found.has(key))
    if (missing.length > 0)
      for (const [key, entry] of await this.#fetch(missing, reading)) found.set(key, entry)
    return found
  }

  open(key: string, reading?: Reading): Lease {
    return this.#markers.open(key, reading)
  }

  async acquire(leases: readonly Lease[]): Promise<readonly Acquired[]> {
    const markers = leases as readonly Marker[]
    const asked = markers.filter((marker) => !this.#outbox.has(marker.key))
    await this.#calls.begin(markers)
    let answers: ReadonlyMap<Marker, Found | 'granted' | 'busy' | 'denied'>
    try {
      answers = await this.#calls.acquire(asked, (marker, found, startedAtMs) =>
        this.#kept(marker, found, startedAtMs),
      )
    } catch (error) {
      // The server may have granted them all the same.
      void this.#releaseQuietly(asked)
      throw error
    }
    return markers.map((marker) => {
      const answer = answers.get(marker)
      if (answer === undefined || answer === 'denied') return 'denied'
      if (typeof answer === 'object' || answer === 'busy') return answer
      if (marker.dead) {
        void this.#releaseQuietly([marker])
        return 'busy'
      }
      this.#keeper.hold(marker)
      return 'granted'
    })
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
    const accepted = fills.map(() => false)
    const sent: number[] = []
    for (const [index, fill] of fills.entries()) {
      const marker = fill.lease as Marker
      if (marker.held && !marker.dead && !this.#outbox.has(marker.key)) sent.push(index)
      else this.#keepOutage(fill)
    }
    // A flush, or an operation that changed nothing, has left the lease on the server: nobody is to wait for it.
    const unused = fills.filter(({ lease }) => lease.dead && (lease as Marker).held)
    if (unused.length > 0) void this.#releaseQuietly(unused.map(({ lease }) => lease as Marker))
    const ops = sent.map((index): RemoteOp => {
      const { lease, stored, ttlMs } = fills[index]!
      return {
        kind: 'fill',
        key: lease.key,
        token: (lease as Marker).token,
        stored: remoteForm(stored),
        ttlMs,
        generations: (lease as Marker).generations,
      }
    })
    const startedAtMs = this.#clock.now()
    try {
      const results = ops.length === 0 ? [] : await this.#remote.write(ops)
      for (const [position, result] of results.entries()) {
        const index = sent[position]!
        accepted[index] = result.ok
        this.#noteExecuted(ops[position]!, result, startedAtMs)
        if (result.ok) this.#keepWritten(fills[index]!.lease as Marker, fills[index]!, result, startedAtMs)
      }
    } catch (error) {
      for (const { key } of ops) this.#local?.drop(key, Infinity)
      throw error
    } finally {
      for (const { lease } of fills) this.#settle(lease as Marker)
    }
    return accepted
  }

  async release(leases: readonly Lease[]): Promise<void> {
    const held = (leases as readonly Marker[]).filter((marker) => marker.held)
    for (const lease of leases) this.#settle(lease as Marker)
    if (held.length > 0) await this.#releaseQuietly(held)
  }

  joinable(lease: Lease, startedAtMs: number, reading?: Reading): boolean {
    if (lease.dead || !this.#hasReached(reading?.after)) return false
    const { maxLagMs } = this.#settings
    if (this.#clock.now() - startedAtMs <= maxLagMs) return true
    const isTagged = lease.tags?.length !== 0
    return (
      this.#followerOf(lease.key).isSynced(maxLagMs) &&
      (!isTagged || this.#generations.follower.isSynced(maxLagMs))
    )
  }

  async write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    return this.#write(ops)
  }

  async #write(ops: readonly Op[]): Promise<readonly Written[]> {
    const markers = ops.map((op) =>
      op.kind === 'set' ? this.#markers.open(op.key, { tags: op.tags ?? NO_TAGS }) : undefined,
    )
    const queued = ops.map((op) => this.#outbox.current(op.key))
    // What is queued here is not what the server has: only what replaces it may be sent.
    const sent = [...ops.keys()].filter((index) => queued[index] === undefined || replaces(ops[index]!))
    const startedAtMs = this.#clock.now()
    for (const [index, op] of ops.entries()) this.#forget(op.key, markers[index])
    try {
      const remoteOps = await this.#calls.remoteOps(
        sent.map((index) => [ops[index]!, markers[index]] as const),
      )
      const results = await this.#calls.execute(remoteOps)
      const answers = ops.map((): Written => ({ ok: false, unavailable: true }))
      for (const [position, index] of sent.entries()) {
        const op = ops[index]!
        this.#outbox.acknowledge(queued[index])
        this.#noteExecuted(remoteOps[position]!, results[position]!, startedAtMs)
        this.#forget(op.key, markers[index])
        if (op.kind === 'set') this.#keepWritten(markers[index]!, op, results[position]!, startedAtMs)
        answers[index] = results[position]!
      }
      await this.#calls.hideInvisible(ops, answers)
      // An acknowledgement of what was queued before does not count for what was held back now.
      for (const [index, { kind, key }] of ops.entries()) {
        if (queued[index] !== undefined && (kind === 'take' || kind === 'expire')) this.#outbox.add(key)
      }
      return answers
    } catch (error) {
      for (const index of sent) {
        const op = ops[index]!
        if (op.kind !== 'increment') this.#outbox.add(op.key)
        this.#forget(op.key, undefined)
      }
      throw error
    } finally {
      for (const marker of markers) if (marker !== undefined) this.#markers.close(marker)
    }
  }

  async invalidate(keys: readonly string[], tags: readonly string[]): Promise<Invalidated> {
    const [ofKeys, ofTags] = await Promise.all([
      keys.length === 0 ? undefined : this.#invalidateKeys(keys),
      tags.length === 0 ? undefined : this.#tags.run(tags),
    ])
    const outcomes = new Set([ofKeys?.l2, ofTags?.l2])
    const worst = (['dropped', 'queued', 'acked', 'replicated'] as const).find((l2) => outcomes.has(l2))
    const { generationPartition } = this.#remote
    const token = tokenOf([
      ...(ofKeys?.heads ?? []).map((head, index) => ({
        partition: this.#remote.partitionOf(keys[index]!),
        head,
      })),
      ...(ofTags?.heads ?? []).map((head) => ({ partition: generationPartition, head })),
    ])
    const l2 = worst ?? 'acked'
    const error: unknown = ofKeys?.error ?? ofTags?.error
    const removed = ofKeys?.removed ?? 0
    return { l1: l2 === 'dropped' ? 'dropped' : 'acked', l2, token, removed, error }
  }

  async #invalidateKeys(keys: readonly string[]): Promise<KeysInvalidated> {
    try {
      const results = await this.#write(keys.map((key) => ({ kind: 'delete', key })))
      return {
        l2: this.#replicas > 0 && results.every(({ replicated }) => replicated) ? 'replicated' : 'acked',
        heads: results.map(({ head }) => head),
        removed: results.filter(({ ok }) => ok).length,
      }
    } catch (error) {
      return { l2: 'queued', heads: keys.map(() => undefined), removed: 0, error }
    }
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    for await (const { key, generations } of this.#remote.scan(prefix)) {
      if (this.#outbox.has(key)) continue
      if (await this.#generations.shows(generations, reading)) yield key
    }
  }

  async deleteByPrefix(prefix: string): Promise<number> {
    this.#forgetPrefix(prefix)
    const startedAtMs = this.#clock.now()
    try {
      const { count, heads } = await this.#remote.deleteByPrefix(prefix, this.#replicas)
      const entry = { kind: 'prefix', item: prefix } as const
      for (const partition of this.#remote.partitions)
        this.#note(partition, entry, heads.get(partition), startedAtMs)
      return count
    } finally {
      this.#forgetPrefix(prefix)
    }
  }

  stats(): StoreStats {
    const none = {
      entries: undefined,
      evictions: { entries: 0, weight: 0, oversize: 0 },
      expirations: { read: 0, timer: 0 },
    }
    return this.#localStore?.stats() ?? none
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#unsubscribe?.()
    this.#unlisten?.()
    this.#timers.clear(this.#heartbeat)
    for (const recovery of this.#recoveries.values()) recovery.close()
    await this.#remote.close()
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

  // C10: whether this node has applied all that the token's maker had seen logged.
  #hasReached(token: string | undefined): boolean {
    if (token === undefined) return true
    return readToken(token)?.every((part) => this.#followers.get(part.partition)?.hasReached(part)) === true
  }

  async #fetchOne(key: string, reading?: Reading): Promise<Stored | undefined> {
    return (await this.#fetch([key], reading)).get(key)?.stored
  }

  async #fetch(keys: readonly string[], reading?: Reading): Promise<ReadonlyMap<string, Found>> {
    const asked = keys.filter((key) => !this.#outbox.has(key))
    if (asked.length === 0) return new Map()
    const markers = asked.map((key) => this.#markers.open(key))
    const startedAtMs = this.#clock.now()
    try {
      const found = await this.#remote.read(asked)
      const visible = new Map<string, Found>()
      await Promise.all(
        markers.map(async (marker) => {
          const entry = found.get(marker.key)
          if (entry === undefined || !(await this.#calls.shows(entry.generations, reading))) return
          visible.set(marker.key, this.#kept(marker, entry, startedAtMs))
        }),
      )
      return visible
    } finally {
      for (const marker of markers) this.#markers.close(marker)
    }
  }

  // What the server has, kept here too if nothing has happened to it meanwhile.
  #kept(marker: Marker, entry: RemoteFound, startedAtMs: number): Found {
    const remainingMs = entry.remainingMs - (this.#clock.now() - startedAtMs)
    if (this.#local !== undefined) {
      const follower = this.#followerOf(marker.key)
      this.#local.keepRead(marker.key, {
        marker,
        follower,
        value: this.#remote.view(entry.stored),
        ttlMs: remainingMs,
        generations: entry.generations,
      })
    }
    return { stored: entry.stored, remainingMs }
  }

  #keepWritten(
    marker: Marker,
    { stored, ttlMs }: { readonly stored: Stored; readonly ttlMs: number },
    { ok, head, logged }: RemoteResult,
    startedAtMs: number,
  ): void {
    if (this.#local === undefined || !ok) return
    const follower = this.#followerOf(marker.key)
    const leftMs = ttlMs - (this.#clock.now() - startedAtMs)
    const { value } = stored as unknown as Fresh
    this.#local.keepWritten(marker.key, {
      marker,
      follower,
      value,
      ttlMs: leftMs,
      generations: marker.generations,
      head,
      logged: logged ?? false,
    })
  }

  // Loaded without the server, which is away: kept here for a while, so that the cache still caches.
  #keepOutage({ lease, stored, ttlMs }: Fill): void {
    const { policy, maxStaleMs, maxLagMs } = this.#settings
    const marker = lease as Marker
    const follower = this.#followerOf(marker.key)
    if (this.#local === undefined || policy === 'strict' || follower.isSynced(maxLagMs)) return
    const leftMs = Math.min(ttlMs, maxStaleMs - (this.#clock.now() - marker.bornAtMs))
    this.#local.keepOutage(marker.key, {
      marker,
      follower,
      value: (stored as unknown as Fresh).value,
      ttlMs: leftMs,
      generations: marker.generations,
    })
  }

  // C5: before an operation is sent and again when it is answered, whatever this node has of the key goes.
  #forget(key: string, except: Marker | undefined): void {
    this.#local?.drop(key, Infinity)
    this.#markers.kill(key, Infinity, except)
  }

  #forgetPrefix(prefix: string): void {
    this.#local?.dropPrefix(prefix)
    this.#markers.killAll((key) => key.startsWith(prefix))
  }

  #forgetTag(tag: string): void {
    this.#generations.drop(tag)
    this.#detach(this.#markers.killTagged(tag))
  }

  #forgetEntry({ kind, item }: Pick<LogEntry, 'kind' | 'item'>): void {
    if (kind === 'key') this.#forget(item, undefined)
    else if (kind === 'prefix') this.#forgetPrefix(item)
    else this.#forgetTag(item)
  }

  // The server has left their leases alone: whoever loads anew need not wait for them.
  #detach(held: readonly Marker[]): void {
    if (held.length === 0) return
    for (const marker of held) this.#keeper.letGo(marker)
    void this.#releaseQuietly(held)
  }

  // What changed a value was logged, by an entry that the reply tells of; an acknowledged removal always is.
  #noteExecuted({ kind, key }: RemoteOp, { head, logged }: RemoteResult, sentAtMs: number): void {
    const entry = { kind: 'key', item: key } as const
    const removes = kind === 'set' || kind === 'delete' || kind === 'take'
    if (logged === true || removes) this.#note(this.#remote.partitionOf(key), entry, head, sentAtMs)
  }

  #note(
    partition: string,
    entry: Pick<LogEntry, 'kind' | 'item'>,
    head: Head | undefined,
    sentAtMs: number,
  ): void {
    if (this.#local === undefined) return
    const follower = this.#followers.get(partition)!
    if (head === undefined) follower.onUnlogged(entry, `${this.#node}!${++this.#unlogged}`, sentAtMs)
    else follower.onExecuted(entry, head)
  }

  #settle(marker: Marker): void {
    this.#keeper.letGo(marker)
    this.#markers.close(marker)
  }

  async #releaseQuietly(markers: readonly Marker[]): Promise<void> {
    try {
      await this.#remote.release(markers)
    } catch {
      // The lease ends by itself.
    }
  }

  #followerOf(key: string): Follower {
    return this.#followers.get(this.#remote.partitionOf(key))!
  }

  #followerOfKeys(partition: string): Follower {
    const covers = (key: string): boolean => this.#remote.partitionOf(key) === partition
    const follower: Follower = this.#follower(partition, {
      flush: () => {
        this.#local!.flush(follower)
        this.#markers.killAll(covers)
      },
    })
    return follower
  }

  #follower(partition: string, { flush }: Pick<FollowerEffects, 'flush'>): Follower {
    const { journalMs, journalLimit, heartbeatMs } = this.#settings
    const journal = new Journal(this.#clock, journalMs, journalLimit)
    const recovery = new Recovery({
      remote: this.#remote,
      partition,
      journal,
      timers: this.#timers,
      random: this.#random,
      heartbeatMs,
      forget: (entry) => this.#forgetEntry(entry),
      replayed: (head) => follower.onSeen(head),
    })
    this.#recoveries.set(partition, recovery)
    const follower: Follower = new Follower(this.#clock, journal, {
      drop: (key, counter) => {
        this.#local!.drop(key, counter)
        this.#markers.kill(key, counter)
      },
      dropPrefix: (prefix) => this.#forgetPrefix(prefix),
      dropTag: (tag) => this.#forgetTag(tag),
      flush,
      sync: (since, ordinal) => void this.#sync(partition, follower, since, recovery.epoch(ordinal)),
      rotate: (seen, ordinal) => void recovery.rotate(follower, seen, ordinal),
      adopted: (head, won) => recovery.replay(head, won),
    })
    return follower
  }

  async #sync(partition: string, follower: Follower, since: Head | undefined, ifNone: Epoch): Promise<void> {
    try {
      const reply = await this.#remote.sync(partition, since, ifNone)
      if (this.#closed) return
      follower.onSync(reply, sameEpoch(reply.head.epoch, ifNone))
      this.#local?.dropOutages((key) => this.#remote.partitionOf(key) === partition)
    } catch {
      follower.onSyncFailed()
    }
  }

  #syncAll(): void {
    for (const follower of this.#followers.values()) follower.startSync()
  }

  #beat(): void {
    this.#heartbeat = this.#timers.set(() => void this.#heads(), this.#settings.heartbeatMs)
  }

  async #heads(): Promise<void> {
    const startedAtMs = this.#clock.now()
    try {
      if (this.#local !== undefined) {
        const heads = await this.#remote.heads()
        for (const [partition, follower] of this.#followers)
          follower.onHead(heads.get(partition), startedAtMs)
      }
      await this.#replay()
      for (const recovery of this.#recoveries.values()) void recovery.run()
    } catch {
      // The server is away: the sync age tells.
    }
    if (!this.#closed) this.#beat()
  }

  // The outbox first: until it is empty, what the server has of these keys counts for nothing here.
  async #replay(): Promise<void> {
    if (this.#replaying || this.pending.outbox === 0) return
    this.#replaying = true
    try {
      for (const item of this.#outbox.items()) {
        this.#forget(item.key, undefined)
        const op = { kind: 'delete', key: item.key } as const
        const sentAtMs = this.#clock.now()
        const [result] = await this.#remote.write([op], this.#replicas)
        this.#noteExecuted(op, result!, sentAtMs)
        this.#forget(item.key, undefined)
        this.#outbox.acknowledge(item)
      }
      await this.#tags.replay()
    } finally {
      this.#replaying = false
    }
  }
}

function replaces(op: Op): boolean {
  return op.kind === 'set' || op.kind === 'delete'
}
