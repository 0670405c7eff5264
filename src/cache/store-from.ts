import type { Clock, Random } from '../core/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import { counterStep } from '../core/counter-step.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/inspect.ts'
import { LeaseTable } from '../core/lease-table.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
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
import { systemClock, systemRandom } from '../core/system.ts'
import { TagTable, type Labels } from '../core/tag-table.ts'
import { belongs } from '../core/tags.ts'
import { NO_TOKEN } from '../core/token.ts'
import { KeyedQueue } from '../internal/keyed-queue.ts'
import { valueKeeper, type IsolationOptions, type ValueKeeper } from '../serialization/isolation.ts'

/** What an engine of one's own keeps for a key. */
export interface Slot {
  /** Opaque: to be kept and given back as it is. */
  readonly value: unknown
  /** When it expires, in milliseconds of the cache's monotonic clock; `Infinity` = never. */
  readonly expiresAtMs: number
  /** The entry's tags, plain data; absent on one without. To be kept and given back, or `invalidateTag` does nothing. */
  readonly labels?: Labels
}

/** The four operations that an engine of one's own consists of; each may be sync or async. */
export interface Primitives {
  /** The slot of a key, `undefined` when there is none; an expired one may be given or dropped. */
  read(key: string): Slot | undefined | PromiseLike<Slot | undefined>
  /** Keeps a slot in place of the one before; its answer is waited for and ignored. */
  write(key: string, slot: Slot): unknown
  /** Whether it existed. */
  remove(key: string): boolean | PromiseLike<boolean>
  /** Every key that is kept. */
  keys(): Iterable<string> | AsyncIterable<string>
  /** Frees what the engine holds; its answer is waited for and ignored. */
  close?(): unknown
}

/** Options of {@link storeFrom}: pass on those of your cache. */
export interface StoreFromOptions extends IsolationOptions {
  /** Source of time, the same as that of the cache; default the system's. */
  readonly clock?: Clock | undefined
  /** Source of what tells this store's tags from those of another process; default the system's. */
  readonly random?: Random | undefined
}

/**
 * A store made of a few primitives, for engines of one's own: adds what a cache promises, namely one atomic step
 * for each change of a key, leases (within this process only), expiry, and isolation of values.
 * @throws OptionsError when a primitive is missing.
 */
export function storeFrom(primitives: Primitives, options: StoreFromOptions = {}): Store {
  if (typeof primitives !== 'object' || primitives === null) {
    throw new OptionsError(`storeFrom: the primitives must be an object, not ${inspect(primitives)}`)
  }
  for (const name of ['read', 'write', 'remove', 'keys', 'close'] as const) {
    if (typeof primitives[name] === 'function' || (name === 'close' && primitives.close === undefined))
      continue
    throw new OptionsError(`storeFrom: ${name}: ${inspect(primitives[name])} is not a function`)
  }
  const { clock = systemClock, random = systemRandom } = options
  if (typeof random !== 'function')
    throw new OptionsError(`storeFrom: random: ${inspect(random)} is not a function`)
  return new PrimitiveStore(primitives, valueKeeper(options), clock, random)
}

/** An entry that may be seen. */
interface Kept extends Found {
  readonly labels: Labels | undefined
}

class PrimitiveStore implements Store {
  readonly #primitives: Primitives
  readonly #values: ValueKeeper
  readonly #clock: Clock
  readonly #leases = new LeaseTable()
  readonly #queue = new KeyedQueue()
  readonly #tags: TagTable
  #expired = 0

  constructor(primitives: Primitives, values: ValueKeeper, clock: Clock, random: Random) {
    this.#tags = new TagTable(random)
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
    return this.#leases.open(key, reading?.tags, this.#tags.count)
  }

  async acquire(leases: readonly Lease[]): Promise<readonly Acquired[]> {
    return this.#each(leases, async (lease) => {
      const found = await this.#find(lease.key, lease)
      return found ?? (this.#leases.grant(lease) ? 'granted' : 'busy')
    })
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
    const byKey = fills.map((fill) => ({ ...fill, key: fill.lease.key }))
    return this.#each(byKey, async ({ key, lease, stored, ttlMs }) => {
      const right = this.#leases.settle(lease)
      if (right === undefined) return false
      await this.#put(key, stored, ttlMs, this.#tags.labels(lease.tags, right.since))
      return true
    })
  }

  release(leases: readonly Lease[]): void {
    for (const lease of leases) this.#leases.settle(lease)
  }

  joinable(lease: Lease): boolean {
    return !lease.dead
  }

  async write(ops: readonly Op[]): Promise<readonly OpResult[]> {
    // Of now, not of its turn: what is invalidated from here on is newer.
    const since = this.#tags.count
    return this.#each(ops, async (op) => this.#execute(op, since))
  }

  async invalidate(keys: readonly string[], tags: readonly string[]): Promise<Invalidated> {
    if (tags.length > 0) {
      this.#tags.invalidate(tags)
      this.#leases.voidTags(tags)
    }
    const results = await this.write(keys.map((key) => ({ kind: 'delete', key })))
    return { l1: 'acked', l2: 'none', token: NO_TOKEN, removed: results.filter(({ ok }) => ok).length }
  }

  async *scan(prefix: string, reading?: Reading): AsyncIterable<string> {
    for await (const key of this.#primitives.keys()) {
      if (key.startsWith(prefix) && (await this.#find(key, reading)) !== undefined) yield key
    }
  }

  async deleteByPrefix(prefix: string, { tags }: Reading = {}): Promise<number> {
    // A fill that was accepted before may still be writing: it must be there to be found.
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
    const found = op.kind === 'set' ? undefined : await this.#find(op.key, op)
    const shortens = op.kind !== 'expire' || op.ttlMs < (found?.remainingMs ?? 0)
    if (shortens) this.#leases.void(op.key)
    switch (op.kind) {
      case 'set':
        await this.#put(op.key, op.stored, op.ttlMs, this.#tags.labels(op.tags, since))
        return { ok: true }
      case 'delete':
      case 'take':
        await this.#primitives.remove(op.key)
        if (found === undefined) return { ok: false }
        return op.kind === 'take' ? { ok: true, stored: found.stored } : { ok: true }
      case 'expire':
        if (found === undefined) return { ok: false }
        await this.#put(op.key, found.stored, op.ttlMs, found.labels)
        return { ok: true }
      case 'increment': {
        const number = counterStep(found === undefined ? 0 : found.stored, op.by, op)
        if (number === undefined) return { ok: false }
        const labels = found === undefined ? this.#tags.labels(op.tags, since) : found.labels
        await this.#put(op.key, number as unknown as Stored, found?.remainingMs ?? op.ttlMs, labels)
        return { ok: true, number }
      }
    }
  }

  async #put(key: string, stored: Stored, ttlMs: number, labels: Labels | undefined): Promise<void> {
    const slot = { value: stored, expiresAtMs: this.#clock.now() + ttlMs }
    await this.#primitives.write(key, labels === undefined ? slot : { ...slot, labels })
  }

  async #find(key: string, reading?: Reading): Promise<Kept | undefined> {
    return this.#visible(key, await this.#primitives.read(key), reading)
  }

  #visible(key: string, slot: Slot | undefined, reading: Reading | undefined): Kept | undefined {
    if (slot === undefined) return undefined
    if (this.#isGone(slot)) {
      this.#removeGone(key)
      return undefined
    }
    const { value, expiresAtMs, labels } = slot
    if (!belongs(labels?.tags, reading?.tags)) return undefined
    return { stored: value as Stored, remainingMs: expiresAtMs - this.#clock.now(), labels }
  }

  #isExpired({ expiresAtMs }: Slot): boolean {
    return !(expiresAtMs - this.#clock.now() > 0)
  }

  // For ever: neither a deadline nor an invalidation is taken back.
  #isGone(slot: Slot): boolean {
    return this.#isExpired(slot) || (slot.labels !== undefined && !this.#tags.isCurrent(slot.labels))
  }

  // In its turn, and only if nobody has written the key meanwhile. A failure costs memory, not truth.
  #removeGone(key: string): void {
    const removal = this.#queue.run(key, async () => {
      const slot = await this.#primitives.read(key)
      if (slot === undefined || !this.#isGone(slot)) return
      await this.#primitives.remove(key)
      if (this.#isExpired(slot)) this.#expired++
    })
    removal.catch(() => undefined)
  }
}
