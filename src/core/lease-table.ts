import { ExpiringMap } from '../internal/expiring-map.ts'
import type { Clock } from './clock.ts'
import type { AcquireOptions, Cooldown, Lease, Reading } from './store.ts'

/** For how long a lease is held whose loader has no time limit. */
const LONGEST_MS = 60_000

class TableLease implements Lease {
  readonly key: string
  readonly tags: readonly string[] | undefined
  readonly skip: Reading['skip']
  /** What `since` of the labels of its entry will be. */
  readonly since: number
  dead = false
  /** Until when nobody else gets the key; 0 without the right to fill. */
  heldUntilMs = 0

  constructor(key: string, reading: Reading | undefined, since: number) {
    this.key = key
    this.tags = reading?.tags
    this.skip = reading?.skip
    this.since = since
  }
}

/**
 * The leases of a store that lives in one process: who may fill which key, whose right a write has voided, and which
 * keys are not to be loaded for a while. Synchronous throughout, so that the store decides what is one atomic step.
 */
export class LeaseTable {
  readonly #clock: Pick<Clock, 'now'>
  readonly #open = new Map<string, TableLease[]>()
  readonly #cooling = new ExpiringMap<Cooldown>()

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Opens a marker for a load of `key` by whoever reads so; `since` is the tag table's count now. */
  open(key: string, reading: Reading | undefined, since: number): Lease {
    const lease = new TableLease(key, reading, since)
    const others = this.#open.get(key)
    if (others === undefined) this.#open.set(key, [lease])
    else others.push(lease)
    return lease
  }

  /** Gives the right to fill, unless the lease is dead, another one holds the key, or nobody is to load it. */
  grant(lease: Lease, { force = false, longestMs = LONGEST_MS }: AcquireOptions): 'granted' | 'busy' | Cooldown {
    const mine = this.#find(lease)
    if (mine === undefined) return 'busy'
    const nowMs = this.#clock.now()
    const cooling = this.#cooling.size === 0 || force ? undefined : this.#cooling.get(lease.key, nowMs)
    if (cooling !== undefined) return cooling
    for (const other of this.#open.get(lease.key)!) {
      if (other === mine) continue
      // Whoever holds it too long may have been forgotten; what he loads is not stored.
      if (!force && other.heldUntilMs > nowMs) return 'busy'
      other.heldUntilMs = 0
    }
    mine.heldUntilMs = nowMs + longestMs
    this.#cooling.delete(lease.key)
    return 'granted'
  }

  /** Ends a lease; its beginning, if it was alive and granted: this is the one moment in which it may fill. */
  settle(lease: Lease): { readonly since: number } | undefined {
    const mine = this.#find(lease)
    if (mine === undefined) return undefined
    this.#keep(lease.key, (other) => other !== mine)
    return mine.heldUntilMs > 0 ? mine : undefined
  }

  /** Ends a lease; if it held its key, nobody loads that for a while. */
  release(lease: Lease, cooldown?: Cooldown & { readonly forMs: number }): void {
    const held = this.settle(lease)
    if (held === undefined || cooldown === undefined) return
    const nowMs = this.#clock.now()
    this.#cooling.set(lease.key, cooldown, nowMs + cooldown.forMs, nowMs)
  }

  /** Marks every lease of the key dead, and ends its cool-down. */
  void(key: string): void {
    if (this.#cooling.size > 0) this.#cooling.delete(key)
    if (this.#open.size === 0) return
    for (const lease of this.#open.get(key) ?? []) lease.dead = true
    this.#open.delete(key)
  }

  /** The same for every key that begins with `prefix`. */
  voidPrefix(prefix: string): void {
    this.#cooling.deletePrefix(prefix)
    for (const key of this.#open.keys()) if (key.startsWith(prefix)) this.void(key)
  }

  /** Marks every lease dead whose tags are unknown or include one of `tags`. */
  voidTags(tags: readonly string[]): void {
    for (const key of this.#open.keys()) {
      this.#keep(key, (lease) => {
        lease.dead = lease.tags === undefined || tags.some((tag) => lease.tags!.includes(tag))
        return !lease.dead
      })
    }
  }

  /** Keys with an open lease; 0 when nothing is being loaded. */
  get size(): number {
    return this.#open.size
  }

  #find(lease: Lease): TableLease | undefined {
    return this.#open.get(lease.key)?.find((candidate) => candidate === lease)
  }

  #keep(key: string, isKept: (lease: TableLease) => boolean): void {
    const rest = this.#open.get(key)!.filter(isKept)
    if (rest.length === 0) this.#open.delete(key)
    else this.#open.set(key, rest)
  }
}
