import type { Lease } from './store.ts'

class TableLease implements Lease {
  readonly key: string
  readonly tags: readonly string[] | undefined
  /** What `since` of the labels of its entry will be. */
  readonly since: number
  dead = false
  held = false

  constructor(key: string, tags: readonly string[] | undefined, since: number) {
    this.key = key
    this.tags = tags
    this.since = since
  }
}

/**
 * The leases of a store that lives in one process: who may fill which key, and whose right a write has voided.
 * Synchronous throughout, so that the store decides what is one atomic step.
 */
export class LeaseTable {
  readonly #open = new Map<string, TableLease[]>()

  /** Opens a marker for a load of `key`, whose entry will bear `tags`; `since` is the tag table's count now. */
  open(key: string, tags: readonly string[] | undefined, since: number): Lease {
    const lease = new TableLease(key, tags, since)
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

  /** Ends a lease; its beginning, if it was alive and granted: this is the one moment in which it may fill. */
  settle(lease: Lease): { readonly since: number } | undefined {
    const mine = this.#find(lease)
    if (mine === undefined) return undefined
    this.#keep(lease.key, (other) => other !== mine)
    return mine.held ? mine : undefined
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
