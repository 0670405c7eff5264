import { ExpiringMap } from '../internal/expiring-map.ts'
import { SingleOrMap } from '../internal/single-or-map.ts'
import { ageClock, type AgeClock } from '../core/time/age-clock.ts'
import type { Clock } from '../core/time/clock.ts'
import type { AcquireOptions, Cooldown, Lease, Reading } from '../core/store.ts'

/** The time for which a lease is held if its loader has no time limit. */
const LONGEST_MS = 60_000

class TableLease implements Lease {
  readonly key: string
  readonly tags: readonly string[] | undefined
  readonly skip: Reading['skip']
  /** The `since` of the labels that its entry will have. */
  readonly since: number
  dead = false
  /** Whether the lease was neither used nor given back. */
  open = true
  /** Whether the lease has the right to fill. */
  held = false
  /**
   * The time for which it keeps other leases out. It starts when the first of them asks, so that a load without rivals
   * needs no clock.
   */
  longestMs = 0
  heldUntilMs = Infinity
  /** Another lease of the key. */
  next: TableLease | undefined

  constructor(key: string, reading: Reading | undefined, since: number, next: TableLease | undefined) {
    this.key = key
    this.tags = reading?.tags
    this.skip = reading?.skip
    this.since = since
    this.next = next
  }
}

/**
 * The leases of a store that lives in one process, and the cool-downs of its keys. All methods are synchronous, so that
 * the store decides on the atomic steps. They expect leases of this table only.
 */
export class LeaseTable {
  readonly #clock: AgeClock
  // The leases of a key are a list because nearly every key has just one.
  readonly #open = new SingleOrMap<string, TableLease>()
  readonly #cooling = new ExpiringMap<Cooldown>()

  constructor(clock: Clock) {
    this.#clock = ageClock(clock)
  }

  /** Opens a marker for a load of `key` by a reader. `since` is the current count of the tag table. */
  open(key: string, reading: Reading | undefined, since: number): Lease {
    const lease = new TableLease(key, reading, since, this.#open.get(key))
    this.#open.set(key, lease)
    return lease
  }

  /** Grants the right to fill, unless the lease is dead, another one holds the key, or the key is in a cool-down. */
  grant(
    lease: Lease,
    { force = false, longestMs = LONGEST_MS }: AcquireOptions,
  ): 'granted' | 'busy' | Cooldown {
    const mine = lease as TableLease
    const { key } = mine
    if (!mine.open) return 'busy'
    if (this.#cooling.size > 0 && !force) {
      const cooling = this.#cooling.get(key, this.#clock.now())
      if (cooling !== undefined) return cooling
    }
    for (let other = this.#open.get(key); other !== undefined; other = other.next) {
      if (other === mine || !other.held) continue
      if (!force && this.#keepsOut(other)) return 'busy'
      // The holder may have been forgotten after its time, so it loses the right and its value is not stored.
      other.held = false
    }
    mine.held = true
    mine.longestMs = longestMs
    if (this.#cooling.size > 0) this.#cooling.delete(key)
    return 'granted'
  }

  /** Ends a lease and returns its beginning if it was alive and granted. Only at this moment may it fill. */
  settle(lease: Lease): { readonly since: number } | undefined {
    const mine = lease as TableLease
    if (!mine.open) return undefined
    mine.open = false
    this.#drop(mine.key)
    return mine.held ? mine : undefined
  }

  /** Ends a lease. If it held its key, a cool-down begins in which the key is not loaded. */
  release(lease: Lease, cooldown?: Cooldown & { readonly forMs: number }): void {
    const held = this.settle(lease)
    if (held === undefined || cooldown === undefined) return
    const nowMs = this.#clock.now()
    this.#cooling.set(lease.key, cooldown, nowMs + cooldown.forMs, nowMs)
  }

  /** Marks every lease of the key dead. Ends its cool-down, unless it is to be kept. */
  void(key: string, keepCooldown = false): void {
    if (this.#cooling.size > 0 && !keepCooldown) this.#cooling.delete(key)
    for (let lease = this.#open.get(key); lease !== undefined; lease = lease.next) kill(lease)
    this.#open.delete(key)
  }

  /** Marks every lease dead whose key begins with `prefix`, and ends their cool-downs. */
  voidPrefix(prefix: string): void {
    this.#cooling.deletePrefix(prefix)
    for (const key of this.#open.keys()) if (key.startsWith(prefix)) this.void(key)
  }

  /** Marks every lease dead whose tags are unknown or include one of `tags`. */
  voidTags(tags: readonly string[]): void {
    for (const key of this.#open.keys()) {
      for (let lease = this.#open.get(key); lease !== undefined; lease = lease.next) {
        const { tags: own } = lease
        if (own === undefined || tags.some((tag) => own.includes(tag))) kill(lease)
      }
      this.#drop(key)
    }
  }

  /** The number of keys with an open lease; 0 if nothing is being loaded. */
  get size(): number {
    return this.#open.size
  }

  // Run time decides here, because a wall clock must not give the right to a second holder.
  #keepsOut(holder: TableLease): boolean {
    const nowMs = this.#clock.running.now()
    if (holder.heldUntilMs === Infinity) holder.heldUntilMs = nowMs + holder.longestMs
    return holder.heldUntilMs > nowMs
  }

  // Removes the leases that are no longer open.
  #drop(key: string): void {
    let first = this.#open.get(key)
    while (first !== undefined && !first.open) first = first.next
    if (first === undefined) this.#open.delete(key)
    else this.#open.set(key, first)
    for (let lease = first; lease?.next !== undefined;) {
      if (lease.next.open) lease = lease.next
      else lease.next = lease.next.next
    }
  }
}

function kill(lease: TableLease): void {
  lease.dead = true
  lease.open = false
}
