import type { Clock } from '../core/clock.ts'
import type { StoreStats } from '../core/counters.ts'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/inspect.ts'
import { LeaseTable } from '../core/lease-table.ts'
import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { Acquired, Admitted, Fill, Found, Lease, Op, OpResult, Store, Stored } from '../core/store.ts'
import { systemClock } from '../core/system.ts'
import { KeyedQueue } from '../internal/keyed-queue.ts'
import { valueKeeper, type IsolationOptions, type ValueKeeper } from '../serialization/isolation.ts'

/** What an engine of one's own keeps for a key. */
export interface Slot {
  /** Opaque: to be kept and given back as it is. */
  readonly value: unknown
  /** When it expires, in milliseconds of the cache's monotonic clock; `Infinity` = never. */
  readonly expiresAtMs: number
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
  return new PrimitiveStore(primitives, valueKeeper(options), options.clock ?? systemClock)
}

class PrimitiveStore implements Store {
  readonly #primitives: Primitives
  readonly #values: ValueKeeper
  readonly #clock: Clock
  readonly #leases = new LeaseTable()
  readonly #queue = new KeyedQueue()
  #expired = 0

  constructor(primitives: Primitives, values: ValueKeeper, clock: Clock) {
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

  get(key: string): MaybePromise<Stored | undefined> {
    const slot = this.#primitives.read(key)
    if (isPromise(slot)) return slot.then((read) => this.#fresh(key, read)?.stored)
    return this.#fresh(key, slot)?.stored
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, Found>> {
    const found = await Promise.all(keys.map(async (key) => this.#find(key)))
    return new Map(keys.flatMap((key, index) => (found[index] === undefined ? [] : [[key, found[index]]])))
  }

  open(key: string): Lease {
    return this.#leases.open(key)
  }

  async acquire(leases: readonly Lease[]): Promise<readonly Acquired[]> {
    return this.#each(leases, async (lease) => {
      const found = await this.#find(lease.key)
      return found ?? (this.#leases.grant(lease) ? 'granted' : 'busy')
    })
  }

  async fill(fills: readonly Fill[]): Promise<readonly boolean[]> {
    const byKey = fills.map((fill) => ({ ...fill, key: fill.lease.key }))
    return this.#each(byKey, async ({ key, lease, stored, ttlMs }) => {
      if (!this.#leases.settle(lease)) return false
      await this.#put(key, stored, ttlMs)
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
    return this.#each(ops, async (op) => this.#execute(op))
  }

  async *scan(prefix: string): AsyncIterable<string> {
    for await (const key of this.#primitives.keys()) {
      if (key.startsWith(prefix) && (await this.#find(key)) !== undefined) yield key
    }
  }

  async deleteByPrefix(prefix: string): Promise<number> {
    // A fill that was accepted before may still be writing: it must be there to be found.
    this.#leases.voidPrefix(prefix)
    await this.#queue.settled((key) => key.startsWith(prefix))
    const keys: string[] = []
    for await (const key of this.#primitives.keys()) if (key.startsWith(prefix)) keys.push(key)
    const removed = await this.write(keys.map((key) => ({ kind: 'delete', key })))
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

  async #execute(op: Op): Promise<OpResult> {
    const found = op.kind === 'set' ? undefined : await this.#find(op.key)
    const shortens = op.kind !== 'expire' || op.ttlMs < (found?.remainingMs ?? 0)
    if (shortens) this.#leases.void(op.key)
    switch (op.kind) {
      case 'set':
        await this.#put(op.key, op.stored, op.ttlMs)
        return { ok: true }
      case 'delete':
      case 'take':
        await this.#primitives.remove(op.key)
        if (found === undefined) return { ok: false }
        return op.kind === 'take' ? { ok: true, stored: found.stored } : { ok: true }
      case 'expire':
        if (found === undefined) return { ok: false }
        await this.#put(op.key, found.stored, op.ttlMs)
        return { ok: true }
      case 'increment': {
        const before: unknown = found === undefined ? 0 : found.stored
        const number = Number.isSafeInteger(before) ? (before as number) + op.by : NaN
        if (!Number.isSafeInteger(number)) return { ok: false }
        await this.#put(op.key, number as unknown as Stored, found?.remainingMs ?? op.ttlMs)
        return { ok: true, number }
      }
    }
  }

  async #put(key: string, stored: Stored, ttlMs: number): Promise<void> {
    await this.#primitives.write(key, { value: stored, expiresAtMs: this.#clock.now() + ttlMs })
  }

  async #find(key: string): Promise<Found | undefined> {
    return this.#fresh(key, await this.#primitives.read(key))
  }

  #fresh(key: string, slot: Slot | undefined): Found | undefined {
    if (slot === undefined) return undefined
    const remainingMs = slot.expiresAtMs - this.#clock.now()
    if (remainingMs > 0) return { stored: slot.value as Stored, remainingMs }
    this.#removeExpired(key)
    return undefined
  }

  // In its turn, and only if nobody has written the key meanwhile. A failure costs memory, not truth.
  #removeExpired(key: string): void {
    const removal = this.#queue.run(key, async () => {
      const slot = await this.#primitives.read(key)
      if (slot === undefined || slot.expiresAtMs > this.#clock.now()) return
      await this.#primitives.remove(key)
      this.#expired++
    })
    removal.catch(() => undefined)
  }
}
