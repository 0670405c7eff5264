import type { Replayable } from '../core/remote-store.ts'
import type { GenerationTable } from './tags/generation-table.ts'
import type { HeldLeases } from './held-leases.ts'
import type { LocalTier } from './local-tier.ts'
import type { Operation, InFlight } from './in-flight.ts'
import type { ReturnedLeases } from './returned-leases.ts'

/** What forgetting reaches. */
export interface ForgettingParts {
  readonly returned: ReturnedLeases
  readonly local: LocalTier | undefined
  readonly markers: InFlight
  readonly keeper: HeldLeases
  readonly table: GenerationTable
}

/** Makes this node forget what is not valid any more: what it keeps, and what is under way (docs/coherence.md, C2, C5). */
export class Forgetting {
  readonly #parts: ForgettingParts

  constructor(parts: ForgettingParts) {
    this.#parts = parts
  }

  /** A message covers the key: what is as new as its counter stays. */
  drop(key: string, counter: number): void {
    this.#parts.local?.drop(key, counter)
    this.#parts.markers.kill(key, counter)
  }

  /** C5: before an operation is sent and again when it is answered, whatever this node has of the key goes. */
  key(key: string, except?: Operation): void {
    this.#parts.local?.drop(key, Infinity)
    this.#parts.markers.kill(key, Infinity, except)
  }

  /** The same, in a node that keeps nothing. */
  loads(ops: readonly { readonly key: string }[]): void {
    const { markers } = this.#parts
    if (!markers.isEmpty) for (const { key } of ops) markers.kill(key, Infinity)
  }

  /** The keys of a prefix, in a node that keeps nothing. */
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

  /** Whatever is known of any tag may be old. */
  table(): void {
    this.#parts.table.flush()
  }

  /** The same, and so may be whatever is under way with tags. */
  allTags(): void {
    this.table()
    this.#detach(this.#parts.markers.killTagged(undefined))
  }

  /** The load is over: its lease is used, or given up. */
  settle(marker: Operation): void {
    this.#parts.keeper.letGo(marker)
    this.#parts.markers.close(marker)
  }

  /** Gives leases back to the server. */
  release(markers: readonly Operation[]): void {
    void this.#parts.returned.giveBack(markers)
  }

  // The server has left their leases alone: whoever loads anew need not wait for them.
  #detach(held: readonly Operation[]): void {
    if (held.length === 0) return
    for (const marker of held) this.#parts.keeper.letGo(marker)
    this.release(held)
  }
}
