import type { Lease } from './store.ts'

class TableLease implements Lease {
  readonly key: string
  dead = false
  held = false

  constructor(key: string) {
    this.key = key
  }
}

/**
 * The leases of a store that lives in one process: who may fill which key, and whose right a write has voided.
 * Synchronous throughout, so that the store decides what is one atomic step.
 */
export class LeaseTable {
  readonly #open = new Map<string, TableLease[]>()

  /** Opens a marker for a load of `key`. */
  open(key: string): Lease {
    const lease = new TableLease(key)
    const others = this.#open.get(key)
    if (others === undefined) this.#open.set(key, [lease])
    else others.push(lease)
    return lease
  }

  /** Gives the right to fill, unless the lease is dead or another one holds the key. */
  grant(lease: Lease): boolean {
    const mine = this.#find(lease)
    if (mine === undefined || this.#open.get(lease.key)!.some((other) => other.held && other !== mine))
      return false
    mine.held = true
    return true
  }

  /** Ends a lease and answers whether it was alive and granted: the one moment in which it may fill. */
  settle(lease: Lease): boolean {
    const mine = this.#find(lease)
    if (mine === undefined) return false
    const rest = this.#open.get(lease.key)!.filter((other) => other !== mine)
    if (rest.length === 0) this.#open.delete(lease.key)
    else this.#open.set(lease.key, rest)
    return mine.held
  }

  /** Marks every lease of the key dead. */
  void(key: string): void {
    if (this.#open.size === 0) return
    for (const lease of this.#open.get(key) ?? []) lease.dead = true
    this.#open.delete(key)
  }

  /** Marks every lease dead whose key begins with `prefix`. */
  voidPrefix(prefix: string): void {
    for (const key of this.#open.keys()) if (key.startsWith(prefix)) this.void(key)
  }

  /** Keys with an open lease; 0 when nothing is being loaded. */
  get size(): number {
    return this.#open.size
  }

  #find(lease: Lease): TableLease | undefined {
    return this.#open.get(lease.key)?.find((candidate) => candidate === lease)
  }
}
