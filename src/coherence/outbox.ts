import type { RemoteOp } from '../core/remote-store.ts'
import type { Op } from '../core/store.ts'

/** An invalidation that the server has not acknowledged. */
export interface Pending {
  readonly key: string
  /** Whether whatever the server has goes, of any row version. */
  readonly unconditional: boolean
  /** The highest row version below which what the server has goes, and a floor is left. */
  readonly rowVersion: bigint | undefined
  /** Whether what has grace is to become stale rather than to be removed. */
  readonly keepStale: boolean
}

/** How a key is queued. */
export interface QueueOptions {
  readonly rowVersion?: bigint | undefined
  readonly keepStale?: boolean | undefined
}

/**
 * Keys whose invalidation failed or timed out: until the server has acknowledged it, this node takes the server's
 * entry of the key for none. It holds no values.
 */
export class Outbox {
  readonly #pending = new Map<string, Pending>()
  readonly #limit: number
  #dropped = 0

  /** `limit` is the most keys it holds; beyond it the oldest is dropped and counted. */
  constructor(limit: number) {
    this.#limit = limit
  }

  has(key: string): boolean {
    return this.#pending.size > 0 && this.#pending.has(key)
  }

  /** Queues a key, or queues it anew: an acknowledgement of what was sent before does not count for it. */
  add(key: string, { rowVersion, keepStale = false }: QueueOptions = {}): void {
    const before = this.#pending.get(key)
    this.#pending.delete(key)
    if (this.#pending.size >= this.#limit) {
      this.#pending.delete(this.#pending.keys().next().value!)
      this.#dropped++
    }
    this.#pending.set(key, {
      key,
      unconditional: rowVersion === undefined || before?.unconditional === true,
      rowVersion: higher(before?.rowVersion, rowVersion),
      keepStale: keepStale && before?.keepStale !== false,
    })
  }

  /** What is queued for the key at the moment, to be acknowledged later. */
  current(key: string): Pending | undefined {
    return this.#pending.get(key)
  }

  /** The server has executed what was sent for this item: it goes, unless the key was queued anew meanwhile. */
  acknowledge(item: Pending | undefined): void {
    if (item !== undefined && this.#pending.get(item.key) === item) this.#pending.delete(item.key)
  }

  /** What is queued, oldest first. */
  items(): readonly Pending[] {
    return [...this.#pending.values()]
  }

  get size(): number {
    return this.#pending.size
  }

  /** Keys dropped because there was no room. */
  get dropped(): number {
    return this.#dropped
  }
}

/** How a key is queued when this operation on it has failed. */
export function queueOptions(op: Op): QueueOptions {
  if (op.kind !== 'set' && op.kind !== 'delete') return {}
  const { rowVersion, keepStale }: QueueOptions & { readonly kind: string } = op
  return { rowVersion, keepStale }
}

/** What is sent for what is queued. */
export function replayOf({ key, unconditional, rowVersion, keepStale }: Pending): readonly RemoteOp[] {
  const kind = keepStale ? 'stale' : 'delete'
  const ops: RemoteOp[] = []
  if (unconditional) ops.push({ kind, key })
  if (rowVersion !== undefined) ops.push({ kind, key, rowVersion })
  return ops
}

/** Whether an operation that was executed makes up for what is queued: it has replaced or removed what is old. */
export function makesUpFor(op: Op, item: Pending): boolean {
  if (op.kind !== 'set' && op.kind !== 'delete') return false
  const { rowVersion, keepStale = false } = queueOptions(op)
  if (keepStale && !item.keepStale) return false
  if (item.rowVersion === undefined) return true
  // A set without a row version is the caller's last word; a deletion without one leaves no floor.
  return rowVersion === undefined ? op.kind === 'set' : rowVersion >= item.rowVersion
}

function higher(some: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (some === undefined || other === undefined) return some ?? other
  return some > other ? some : other
}
