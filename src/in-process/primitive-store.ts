import { counterStep } from './counter-step.ts'
import type { AgeClock } from '../core/time/age-clock.ts'
import type { Random } from '../core/time/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import { LeaseTable } from './lease-table.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import { RowVersions } from './row-versions.ts'
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
import { TagTable } from './tag-table.ts'
import { belongs } from '../keys/tags.ts'
import { NO_TOKEN } from '../core/token.ts'
import { KeyedQueue } from '../internal/keyed-queue.ts'
import type { ValueKeeper } from '../serialization/isolation.ts'
import type { Primitives, Slot } from './primitives.ts'

const OUTDATED: OpResult = Object.freeze({ ok: false, outdated: true })

/** A visible entry. */
interface Kept extends Found {
  readonly slot: Slot
}

/** The store port over the primitives of an engine of one's own. */
export class PrimitiveStore implements Store {
  readonly #primitives: Primitives
  readonly #values: ValueKeeper
  readonly #clock: AgeClock
  readonly #leases: LeaseTable
  readonly #versions: RowVersions
  readonly #queue = new KeyedQueue()
  readonly #tags: TagTable
  #expired = 0

  constructor(primitives: Primitives, values: ValueKeeper, clock: AgeClock, random: Random) {
    this.#tags = new TagTable(random)
    this.#leases = new LeaseTable(clock)
    this.#versions = new RowVersions(clock.running)
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
    const slot = this.#primitives.read(key)
    if (isPromise(slot)) return slot.then((read) => this.#visible(key, read, reading)?.stored)
    return this.#visible(key, slot, reading)?.stored
  }

  async read(keys: readonly string[], reading?: Reading): Promise<ReadonlyMap<string, Found>> {
    const found = await Promise.all(keys.map(async (key) => this.#find(key, reading)))
    return new Map(keys.flatMap((key, index) => (found[index] === undefined ? [] : [[key, found[index]]])))
  }

  open(key: string, reading?: Reading): Lease {
    return this.#leases.open(key, reading, this.#tags.count)
  }

  async acquire(leases: readonly Lease[], options: AcquireOptions = {}): Promise<readonly Acquired[]> {
    const { freshUpToMs = 0 } = options
    return this.#each(leases, async (lease) => {
      const found = await this.#find(lease.key, lease)
      if (found !== undefined && found.remainingMs > freshUpToMs) return found
      return this.#leases.grant(lease, options)
    })
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
    const byKey = fills.map((fill) => ({ ...fill, key: fill.lease.key }))
    return this.#each(byKey, async (fill) => {
      const right = this.#leases.settle(fill.lease)
      if (right === undefined || fill.skip === 'l1') return false
      const tags = [...new Set([...(fill.lease.tags ?? []), ...(fill.tags ?? [])])]
      const labels = this.#tags.labels(tags, right.since)
      // The entry may bear a tag that its loader named and that was invalidated meanwhile.
      if (labels !== undefined && this.#tags.judge(labels) !== 'fresh') return false
      return (await this.#write(fill.key, fill, right.since, tags)).ok
    })
  }

  release(leases: readonly Lease[], cooldown?: Cooldown & { readonly forMs: number }): void {
    for (const lease of leases) this.#leases.release(lease, cooldown)
  }

  joinable(lease: Lease): boolean {
    return !lease.dead
  }

  async write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    // The count of now, not of its turn, because later invalidations are newer.
    const since = this.#tags.count
    return this.#each(ops, async (op) => this.#execute(op, since))
  }

  async invalidate(
    keys: readonly string[],
    tags: readonly string[],
    { keepStale, rowVersion }: InvalidateOptions = {},
  ): Promise<Invalidated> {
    if (tags.length > 0) {
      if (keepStale === true) this.#tags.endFreshness(tags, this.#clock.now())
      else this.#tags.invalidate(tags)
      this.#leases.voidTags(tags)
    }
    const results = await this.write(keys.map((key) => ({ kind: 'delete', key, keepStale, rowVersion })))
    return { l1: 'acked', l2: 'none', token: NO_TOKEN, removed: results.filter(({ ok }) => ok).length }
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    for await (const key of this.#primitives.keys()) {
      if (key.startsWith(prefix) && (await this.#find(key, reading)) !== undefined) yield key
    }
  }

  async deleteByPrefix(prefix: string, { tags }: Reading = {}): Promise<number> {
    // An earlier fill may still be writing, and its key must exist before the keys are listed.
    this.#leases.voidPrefix(prefix)
    await this.#queue.settled((key) => key.startsWith(prefix))
    const keys: string[] = []
    for await (const key of this.#primitives.keys()) if (key.startsWith(prefix)) keys.push(key)
    const removed = await this.write(keys.map((key) => ({ kind: 'delete', key, tags })))
    return removed.filter((result) => result.ok).length
  }

  stats(): StoreStats {
    return {
      entries: undefined,
      evictions: { entries: 0, weight: 0, oversize: 0 },
      expirations: { read: this.#expired, timer: 0 },
    }
  }

  async close(): Promise<void> {
    this.#leases.voidPrefix('')
    await this.#queue.settled(() => true)
    await this.#primitives.close?.()
  }

  async #each<I extends { readonly key: string }, R>(
    items: readonly I[],
    step: (item: I) => Promise<R>,
  ): Promise<R[]> {
    return Promise.all(items.map((item) => this.#queue.run(item.key, () => step(item))))
  }

  async #execute(op: Op, since: number): Promise<OpResult> {
    if (op.kind === 'expire') return this.#expire(op.key, op)
    this.#leases.void(op.key)
    switch (op.kind) {
      case 'set':
        // A set without a version replaces any entry. A loaded value does not.
        if (op.rowVersion === undefined) this.#versions.forget(op.key)
        return this.#write(op.key, op, since)
      case 'delete':
        return this.#delete(op.key, op)
      case 'take': {
        const found = await this.#find(op.key, op)
        await this.#primitives.remove(op.key)
        return found === undefined ? { ok: false } : { ok: true, stored: found.stored }
      }
      case 'increment': {
        const found = await this.#find(op.key, op)
        const number = counterStep(found === undefined ? 0 : found.stored, op.by, op)
        if (number === undefined) return { ok: false }
        const stored = number as unknown as Stored
        if (found === undefined) await this.#write(op.key, { ...op, stored }, since)
        else await this.#primitives.write(op.key, { ...found.slot, value: stored })
        return { ok: true, number }
      }
    }
  }

  async #expire(key: string, { ttlMs, tags }: EntrySettings): Promise<OpResult> {
    const found = await this.#find(key, { tags })
    if (ttlMs < (found?.remainingMs ?? 0)) this.#leases.void(key)
    if (found === undefined) return { ok: false }
    const { slot } = found
    const freshUntilMs = this.#clock.preciseNow() + ttlMs
    const grace = slot.grace && { ...slot.grace, freshUntilMs }
    const expiresAtMs = freshUntilMs + (grace?.lengthMs ?? 0)
    await this.#primitives.write(
      key,
      grace === undefined ? { ...slot, expiresAtMs } : { ...slot, expiresAtMs, grace },
    )
    return { ok: true }
  }

  async #delete(
    key: string,
    { tags, keepStale = false, rowVersion }: Pick<EntrySettings, 'tags'> & InvalidateOptions,
  ): Promise<OpResult> {
    if (rowVersion !== undefined) {
      const present = await this.#primitives.read(key)
      const isOutdated = this.#versions.isOutdated(key, rowVersion, present?.rowVersion)
      if (isOutdated) return OUTDATED
      this.#versions.raise(key, rowVersion)
    }
    const found = await this.#find(key, { tags, stale: true })
    const grace = found?.slot.grace
    if (!keepStale || found === undefined || grace === undefined) await this.#primitives.remove(key)
    else if (found.remainingMs > 0) {
      const freshUntilMs = this.#clock.now()
      const expiresAtMs = freshUntilMs + grace.lengthMs
      await this.#primitives.write(key, { ...found.slot, expiresAtMs, grace: { ...grace, freshUntilMs } })
    }
    return { ok: found !== undefined }
  }

  async #write(
    key: string,
    settings: EntrySettings & { readonly stored: Stored },
    since: number,
    tags: readonly string[] | undefined = settings.tags,
  ): Promise<OpResult> {
    const { stored, ttlMs, graceMs = 0, rowVersion } = settings
    if (rowVersion !== undefined) {
      const present = await this.#primitives.read(key)
      if (this.#versions.isOutdated(key, rowVersion, present?.rowVersion)) return OUTDATED
    }
    const freshUntilMs = this.#clock.preciseNow() + ttlMs
    const labels = this.#tags.labels(tags, since)
    await this.#primitives.write(key, {
      value: stored,
      expiresAtMs: freshUntilMs + graceMs,
      ...(labels !== undefined && { labels }),
      ...(graceMs > 0 && { grace: { freshUntilMs, lengthMs: graceMs } }),
      ...(rowVersion !== undefined && { rowVersion }),
    })
    return { ok: true }
  }

  async #find(key: string, reading?: Reading): Promise<Kept | undefined> {
    return this.#visible(key, await this.#primitives.read(key), reading)
  }

  #visible(key: string, slot: Slot | undefined, reading: Reading | undefined): Kept | undefined {
    if (slot === undefined || reading?.skip === 'l1') return undefined
    if (this.#isGone(slot)) {
      this.#removeGone(key)
      return undefined
    }
    const { value, expiresAtMs, labels, grace } = slot
    if (!belongs(labels?.tags, reading?.tags)) return undefined
    let remainingMs = (grace?.freshUntilMs ?? expiresAtMs) - this.#clock.now()
    if (labels !== undefined && this.#tags.judge(labels) === 'stale')
      remainingMs = Math.min(remainingMs, this.#tags.staleSince(labels) - this.#clock.now())
    if (remainingMs <= 0 && reading?.stale !== true) return undefined
    return { stored: value as Stored, remainingMs, slot }
  }

  #isExpired({ expiresAtMs }: Slot): boolean {
    return !(expiresAtMs - this.#clock.now() > 0)
  }

  // Whether an entry is gone for good, because neither a deadline nor an invalidation is taken back.
  #isGone(slot: Slot): boolean {
    if (this.#isExpired(slot)) return true
    if (slot.labels === undefined) return false
    const verdict = this.#tags.judge(slot.labels)
    if (verdict !== 'stale') return verdict === 'gone'
    // Its grace began with the invalidation.
    const graceMs = slot.grace?.lengthMs ?? 0
    return !(this.#tags.staleSince(slot.labels) + graceMs - this.#clock.now() > 0)
  }

  // Removes a gone entry in the key's turn, unless the key was written meanwhile. A failure costs memory, not truth.
  #removeGone(key: string): void {
    const removal = this.#queue.run(key, async () => {
      const slot = await this.#primitives.read(key)
      if (slot === undefined || !this.#isGone(slot)) return
      // The row version still counts until the entry would have expired.
      if (slot.rowVersion !== undefined && !this.#isExpired(slot)) return
      await this.#primitives.remove(key)
      if (this.#isExpired(slot)) this.#expired++
    })
    removal.catch(() => undefined)
  }
}
