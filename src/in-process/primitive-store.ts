import type { AgeClock } from '../core/time/age-clock.ts'
import type { Random } from '../core/time/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import {
  counterStep,
  DONE,
  EntryRules,
  NOT_DONE,
  OUTDATED,
  PRESENT,
  tagsOfFill,
  type Life,
} from './entry-rules.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import type {
  AcquireOptions,
  Acquired,
  Admitted,
  Cooldown,
  EntrySettings,
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
} from '../core/store.ts'
import { NO_TOKEN } from '../core/token.ts'
import { KeyedQueue } from '../internal/keyed-queue.ts'
import type { ValueKeeper } from '../serialization/isolation.ts'
import { PrefixDeletion } from './prefix-deletion.ts'
import type { Primitives, Slot } from './primitives.ts'
import type { Labels } from './tag-table.ts'

/** A visible entry. */
interface Kept extends Found {
  readonly slot: Slot
}

/** The store port over the primitives of an engine of one's own. */
export class PrimitiveStore implements Store {
  readonly #primitives: Primitives
  readonly #values: ValueKeeper
  readonly #clock: AgeClock
  readonly #rules: EntryRules
  readonly #queue = new KeyedQueue()
  // The deletions by prefix that are under way, in the order in which they began.
  readonly #deletions = new Set<PrefixDeletion>()
  #expired = 0

  constructor(primitives: Primitives, values: ValueKeeper, clock: AgeClock, random: Random) {
    this.#rules = new EntryRules(clock, random)
    this.#primitives = primitives
    this.#values = values
    this.#clock = clock
  }

  admit(value: unknown): Admitted {
    return this.#values.admit(value)
  }

  view(stored: Stored): unknown {
    return this.#values.view(stored)
  }

  get(key: string, reading?: Reading): MaybePromise<Stored | undefined> {
    this.#settle(key)
    if (!this.#queue.isIdle(key))
      return this.#queue.after(key, async () => (await this.#find(key, reading))?.stored)
    const slot = this.#primitives.read(key)
    if (isPromise(slot)) return slot.then((read) => this.#visible(key, read, reading)?.stored)
    return this.#visible(key, slot, reading)?.stored
  }

  async read(keys: readonly string[], reading?: Reading): Promise<ReadonlyMap<string, Found>> {
    const found = await Promise.all(keys.map((key) => this.#findInTurn(key, reading)))
    return new Map(keys.flatMap((key, index) => (found[index] === undefined ? [] : [[key, found[index]]])))
  }

  open(key: string, reading?: Reading): Lease {
    const { leases, tags } = this.#rules
    return leases.open(key, reading, tags.count)
  }

  async acquire(leases: readonly Lease[], options: AcquireOptions = {}): Promise<readonly Acquired[]> {
    const { freshUpToMs = 0 } = options
    return this.#each(leases, async (lease) => {
      const found = await this.#find(lease.key, lease)
      if (found !== undefined && found.remainingMs > freshUpToMs) return found
      return this.#rules.leases.grant(lease, options)
    })
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
    const byKey = fills.map((fill) => ({ ...fill, key: fill.lease.key }))
    return this.#each(byKey, async (fill) => {
      const { leases, tags } = this.#rules
      const right = leases.settle(fill.lease)
      if (right === undefined || fill.skip === 'l1') return false
      // The entry may bear a tag that its loader named and that was invalidated meanwhile.
      const labels = tags.labels(tagsOfFill(fill), right.since)
      return this.#rules.isCurrent(labels) && (await this.#write(fill.key, fill, labels)).ok
    })
  }

  release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): void {
    for (const lease of leases) this.#rules.leases.release(lease, cooldown)
  }

  joinable(lease: Lease): boolean {
    return !lease.dead
  }

  async write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    // The count of now, not of its turn, because later invalidations are newer.
    const since = this.#rules.tags.count
    return this.#each(ops, async (op) => this.#execute(op, since))
  }

  async invalidate(
    keys: readonly string[],
    tags: readonly string[],
    { keepStale, rowVersion }: InvalidateOptions = {},
  ): Promise<Invalidated> {
    this.#rules.invalidateTags(tags, keepStale)
    const results = await this.write(keys.map((key) => ({ kind: 'delete', key, keepStale, rowVersion })))
    return { l1: 'acked', l2: 'none', token: NO_TOKEN, removed: results.filter(({ ok }) => ok).length }
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    await this.#queue.settled((key) => key.startsWith(prefix))
    for await (const key of this.#primitives.keys()) {
      if (key.startsWith(prefix) && (await this.#findInTurn(key, reading)) !== undefined) yield key
    }
  }

  async deleteByPrefix(prefix: string, { tags }: Reading = {}): Promise<number> {
    this.#rules.leases.voidPrefix(prefix)
    const remove = async (key: string): Promise<boolean> =>
      this.#queue.run(key, async () => (await this.#delete(key, { tags })).ok)
    const deletion = new PrefixDeletion(prefix, remove)
    // An earlier fill may still be writing, and its key must exist before the keys are listed.
    const earlier = this.#queue.settled((key) => key.startsWith(prefix))
    this.#deletions.add(deletion)
    try {
      await earlier
      const keys: string[] = []
      for await (const key of this.#primitives.keys()) keys.push(key)
      return await deletion.run(keys)
    } finally {
      this.#deletions.delete(deletion)
    }
  }

  stats(): StoreStats {
    return {
      entries: undefined,
      evictions: { entries: 0, weight: 0, oversize: 0 },
      expirations: { read: this.#expired, timer: 0 },
    }
  }

  async close(): Promise<void> {
    this.#rules.leases.voidPrefix('')
    await this.#queue.settled(() => true)
    await this.#primitives.close?.()
  }

  async #each<I extends { readonly key: string }, R>(
    items: readonly I[],
    step: (item: I) => Promise<R>,
  ): Promise<R[]> {
    return Promise.all(
      items.map((item) => {
        this.#settle(item.key)
        return this.#queue.run(item.key, () => step(item))
      }),
    )
  }

  async #execute(op: Op, since: number): Promise<OpResult> {
    if (op.kind === 'add' && (await this.#find(op.key, { tags: op.tags })) !== undefined) return PRESENT
    const { rowVersion } = op as Pick<EntrySettings, 'rowVersion'>
    this.#rules.void(op, rowVersion !== undefined && (await this.#isOutdated(op.key, rowVersion)))
    switch (op.kind) {
      case 'set':
      case 'add':
        return this.#write(op.key, op, this.#rules.tags.labels(op.tags, since))
      case 'delete':
        return this.#delete(op.key, op)
      case 'take': {
        const found = await this.#find(op.key, op)
        await this.#primitives.remove(op.key)
        return found === undefined ? NOT_DONE : { ok: true, stored: found.stored }
      }
      case 'increment': {
        const found = await this.#find(op.key, op)
        const number = counterStep(found === undefined ? 0 : found.stored, op.by, op)
        if (number === undefined) return NOT_DONE
        const stored = number as unknown as Stored
        const labels = this.#rules.tags.labels(op.tags, since)
        if (found === undefined) await this.#write(op.key, { ...op, stored }, labels)
        else await this.#primitives.write(op.key, { ...found.slot, value: stored })
        return { ok: true, number }
      }
      case 'expire':
        return this.#expire(op.key, op)
    }
  }

  async #expire(key: string, { ttlMs, tags }: EntrySettings): Promise<OpResult> {
    const found = await this.#find(key, { tags })
    if (found === undefined) return NOT_DONE
    if (ttlMs < found.remainingMs) this.#rules.leases.void(key)
    const { slot } = found
    const freshUntilMs = this.#clock.preciseNow() + ttlMs
    const grace = slot.grace && { ...slot.grace, freshUntilMs }
    const expiresAtMs = freshUntilMs + (grace?.lengthMs ?? 0)
    await this.#primitives.write(
      key,
      grace === undefined ? { ...slot, expiresAtMs } : { ...slot, expiresAtMs, grace },
    )
    return DONE
  }

  async #delete(
    key: string,
    { tags, keepStale = false, rowVersion }: Pick<EntrySettings, 'tags'> & InvalidateOptions,
  ): Promise<OpResult> {
    const slot = await this.#primitives.read(key)
    if (!this.#rules.raise(key, rowVersion, this.#versionOf(slot))) return OUTDATED
    const existed = this.#visible(key, slot, { tags, stale: true }) !== undefined
    const grace = slot?.grace
    const nowMs = this.#clock.now()
    if (!keepStale || grace === undefined) await this.#primitives.remove(key)
    // A hidden one stays hidden, and its row version counts.
    else if (this.#lifeOf(slot!).freshUntilMs > nowMs) {
      const expiresAtMs = nowMs + grace.lengthMs
      await this.#primitives.write(key, { ...slot!, expiresAtMs, grace: { ...grace, freshUntilMs: nowMs } })
    }
    return existed ? DONE : NOT_DONE
  }

  async #isOutdated(key: string, rowVersion: bigint): Promise<boolean> {
    return this.#rules.isOutdated(key, rowVersion, this.#versionOf(await this.#primitives.read(key)))
  }

  async #write(
    key: string,
    settings: EntrySettings & { readonly stored: Stored },
    labels: Labels | undefined,
  ): Promise<OpResult> {
    const { stored, ttlMs, graceMs = 0, rowVersion } = settings
    if (rowVersion !== undefined && (await this.#isOutdated(key, rowVersion))) return OUTDATED
    const freshUntilMs = this.#clock.preciseNow() + ttlMs
    await this.#primitives.write(key, {
      value: stored,
      expiresAtMs: freshUntilMs + graceMs,
      ...(labels !== undefined && { labels }),
      ...(graceMs > 0 && { grace: { freshUntilMs, lengthMs: graceMs } }),
      ...(rowVersion !== undefined && { rowVersion }),
    })
    return DONE
  }

  // Removes an entry that a deletion under way covers, before the key is used.
  #settle(key: string): void {
    if (this.#deletions.size > 0) for (const deletion of this.#deletions) deletion.settle(key)
  }

  // Finds an entry as the calls before have left it.
  #findInTurn(key: string, reading: Reading | undefined): Promise<Kept | undefined> {
    this.#settle(key)
    return this.#queue.after(key, () => this.#find(key, reading))
  }

  async #find(key: string, reading?: Reading): Promise<Kept | undefined> {
    return this.#visible(key, await this.#primitives.read(key), reading)
  }

  #visible(key: string, slot: Slot | undefined, reading: Reading | undefined): Kept | undefined {
    if (slot === undefined) return undefined
    const life = this.#lifeOf(slot)
    if (this.#isGone(slot, life)) this.#removeGone(key)
    else if (this.#rules.sees(life, reading))
      return {
        stored: slot.value as Stored,
        remainingMs: life.freshUntilMs - this.#clock.now(),
        slot,
      }
    return undefined
  }

  #lifeOf({ labels, expiresAtMs, grace }: Slot): Life {
    const freshUntilMs = this.#rules.freshUntilMs(labels, grace?.freshUntilMs ?? expiresAtMs)
    return { labels, freshUntilMs, graceMs: grace?.lengthMs ?? 0 }
  }

  // The row version counts until the entry expires, whether or not a reader sees it.
  #versionOf(slot: Slot | undefined): bigint | undefined {
    return slot === undefined || this.#isExpired(slot) ? undefined : slot.rowVersion
  }

  #isExpired({ expiresAtMs }: Slot): boolean {
    return !(expiresAtMs > this.#clock.now())
  }

  // Whether an entry is gone for good, because neither a deadline nor an invalidation is taken back.
  #isGone(slot: Slot, { freshUntilMs, graceMs }: Life): boolean {
    return this.#isExpired(slot) || !(freshUntilMs + graceMs > this.#clock.now())
  }

  // Removes a gone entry in the key's turn, unless the key was written meanwhile. A failure costs memory, not truth.
  #removeGone(key: string): void {
    const removal = this.#queue.run(key, async () => {
      const slot = await this.#primitives.read(key)
      if (slot === undefined || !this.#isGone(slot, this.#lifeOf(slot))) return
      if (this.#versionOf(slot) !== undefined) return
      await this.#primitives.remove(key)
      if (this.#isExpired(slot)) this.#expired++
    })
    removal.catch(() => undefined)
  }
}
