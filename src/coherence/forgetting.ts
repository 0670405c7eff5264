import type { Replayable } from '../core/remote-store.ts'
import type { GenerationTable } from './tags/generation-table.ts'
import type { HeldLeases } from './held-leases.ts'
import type { LocalTier } from './local-tier.ts'
import type { Operation, InFlight } from './in-flight.ts'
import type { ReturnedLeases } from './returned-leases.ts'

/** The parts from which something is forgotten. */
export interface ForgettingParts {
  readonly returned: ReturnedLeases
  readonly local: LocalTier | undefined
  readonly markers: InFlight
  readonly keeper: HeldLeases
  readonly table: GenerationTable
}

/** Makes this node forget invalid entries, and marks operations in flight dead (docs/coherence.md, C2, C5). */
export class Forgetting {
  readonly #parts: ForgettingParts

  constructor(parts: ForgettingParts) {
    this.#parts = parts
  }

  /** Forgets a key that a message covers. An entry as new as its counter stays. */
  drop(key: string, counter: number): void {
    this.#parts.local?.drop(key, counter)
    this.#parts.markers.kill(key, counter)
  }

  /** Forgets all that this node has of a key, before an operation is sent and again when it is answered (C5). */
  key(key: string, except?: Operation): void {
    this.#parts.local?.drop(key, Infinity)
    this.#parts.markers.kill(key, Infinity, except)
  }

  /** Marks the loads of the keys dead, in a node that keeps nothing. */
  loads(ops: readonly { readonly key: string }[]): void {
    const { markers } = this.#parts
    if (!markers.isEmpty) for (const { key } of ops) markers.kill(key, Infinity)
  }

  /** Marks the operations in flight of a prefix's keys dead. The entries are flushed apart. */
  prefix(prefix: string): void {
    this.#parts.markers.killAll((key) => key.startsWith(prefix))
  }

  tag(tag: string): void {
    this.#parts.table.drop(tag)
    this.#detach(this.#parts.markers.killTagged(tag))
  }

  entry({ kind, item }: Pick<Replayable, 'kind' | 'item'>): void {
    if (kind === 'key') this.key(item)
    else this.tag(item)
  }

  /** Forgets the known generations of all tags, because they may be old. */
  table(): void {
    this.#parts.table.flush()
  }

  /** Forgets the generations of all tags, and marks operations in flight with tags dead. */
  allTags(): void {
    this.table()
    this.#detach(this.#parts.markers.killTagged(undefined))
  }

  /** Ends a load, because its lease was used or given up. */
  settle(marker: Operation): void {
    this.#parts.keeper.letGo(marker)
    this.#parts.markers.close(marker)
  }

  /** Gives leases back to the server. */
  release(markers: readonly Operation[]): void {
    void this.#parts.returned.giveBack(markers)
  }

  // The server still has their leases. They are given back, so that new loads need not wait for them.
  #detach(held: readonly Operation[]): void {
    if (held.length === 0) return
    for (const marker of held) this.#parts.keeper.letGo(marker)
    this.release(held)
  }
}
