import type { RemoteOp } from '../../core/remote-store.ts'
import type { Op } from '../../core/store.ts'
import type { CallPlaces } from '../order/call-places.ts'
import type { Suspects } from './suspects.ts'

/** An invalidation that the server has not acknowledged. */
export interface Pending {
  readonly key: string
  /** Whether whatever the server has goes, of any row version. */
  readonly unconditional: boolean
  /** The highest row version below which what the server has goes, and a floor is left. */
  readonly rowVersion: bigint | undefined
  /** Whether what has grace is to become stale rather than to be removed. */
  readonly keepStale: boolean
  /** Whether only sets that failed have queued it: explicit invalidations outrank it. */
  readonly isFailedSet: boolean
  /** The place of the last call that queued it. */
  readonly place: number
  /** The last place that was given when it was queued. */
  readonly queuedAt: number
  /** Calls under way that make up for it if they are acknowledged. */
  claims: number
  /** Until when it is not sent again, because the server has refused it. */
  restsUntilMs: number
}

/** How a key is queued. */
export interface QueueOptions {
  readonly rowVersion?: bigint | undefined
  readonly keepStale?: boolean | undefined
  /** Whether it is a set that has failed. */
  readonly isFailedSet?: boolean | undefined
}

/** The parts that an outbox uses. */
export interface OutboxParts {
  /** The most keys that it lists; the rest is suspect. */
  readonly limit: number
  readonly places: CallPlaces
  readonly suspects: Suspects
  partitionOf(key: string): string
  /** A duty was dropped, because there was no room at all. */
  dropped(): void
}

/**
 * Keys and prefixes whose invalidation failed or timed out: until the server has acknowledged it, this node takes the
 * server's entries of them for absent. It holds no values. Keys for which it has no room are suspect.
 */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #pending = new Map<string, Pending>()
  readonly #failedSets = new Set<string>()
  readonly #prefixes = new Map<string, { readonly place: number; readonly queuedAt: number }>()

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** Whether nothing is queued. */
  get isEmpty(): boolean {
    return this.#pending.size === 0 && this.#prefixes.size === 0 && this.#parts.suspects.isEmpty
  }

  /** Whether the server's entry of the key counts as absent. */
  has(key: string): boolean {
    return !this.isEmpty && (this.#pending.has(key) || this.isSuspect(key) || this.isCovered(key))
  }

  /** Whether the key is among those for which there was no room. */
  isSuspect(key: string): boolean {
    const { suspects, partitionOf } = this.#parts
    return !suspects.isEmpty && suspects.has(key, partitionOf(key))
  }

  /** Whether a queued prefix covers the key. */
  isCovered(key: string): boolean {
    if (this.#prefixes.size === 0) return false
    for (const prefix of this.#prefixes.keys()) if (key.startsWith(prefix)) return true
    return false
  }

  /** Queues a key for the call with this place, or queues it anew; `false` = it was dropped. */
  add(key: string, options: QueueOptions, place: number): boolean {
    const { rowVersion, keepStale = false, isFailedSet = false } = options
    const before = this.#pending.get(key)
    if (before === undefined && this.#pending.size >= this.#parts.limit && !this.#makeRoom())
      return this.#suspect(key)
    const item: Pending = {
      ...NEW,
      key,
      unconditional: rowVersion === undefined || before?.unconditional === true,
      rowVersion: higher(before?.rowVersion, rowVersion),
      keepStale: keepStale && before?.keepStale !== false,
      isFailedSet: isFailedSet && before?.isFailedSet !== false,
      place: Math.max(place, before?.place ?? 0),
      queuedAt: this.#parts.places.last,
    }
    this.#remove(key)
    this.#pending.set(key, item)
    if (item.isFailedSet) this.#failedSets.add(key)
    return true
  }

  /** The present item of the key. */
  current(key: string): Pending | undefined {
    return this.#pending.get(key)
  }

  /** The call with this place was acknowledged: what it makes up for goes, unless a later call has queued it. */
  acknowledge(op: Op | RemoteOp, place: number): void {
    if (this.isEmpty) return
    const item = this.#pending.get(op.key)
    if (item !== undefined && item.place < place && makesUpFor(op, item)) this.#remove(op.key)
    if (removes(op)) this.#clear(op.key, place)
  }

  /** The server has acknowledged what was sent for this item by the call with this place. */
  sent(item: Pending, place: number): void {
    const present = this.#pending.get(item.key)
    if (present !== undefined && present.place < place) this.#remove(item.key)
    if (item.unconditional && !item.keepStale) this.#clear(item.key, place)
  }

  /** The items that may be sent now, by partition, oldest first, without those that another call may be making up for. */
  due(nowMs: number): readonly (readonly Pending[])[] {
    if (this.#pending.size === 0) return []
    const { oldest } = this.#parts.places
    return this.#grouped([...this.#pending.values()].filter((item) => isDue(item, nowMs, oldest)))
  }

  /** The same of these keys. */
  dueOf(keys: readonly string[], nowMs: number): readonly (readonly Pending[])[] {
    const { suspects, places } = this.#parts
    const { oldest } = places
    const { addedAt } = suspects
    const items = keys.flatMap((key): Pending | readonly [] => {
      const item = this.#pending.get(key)
      if (item !== undefined) return isDue(item, nowMs, oldest) ? item : []
      return this.isSuspect(key) && addedAt < oldest ? { ...NEW, key, place: addedAt, queuedAt: addedAt } : []
    })
    return this.#grouped(items)
  }

  /** Whether an item is still as it was when it was due. */
  isOpen(item: Pending): boolean {
    const present = this.#pending.get(item.key)
    return present === undefined ? this.isSuspect(item.key) : present === item && item.claims === 0
  }

  /** Queues a prefix. */
  addPrefix(prefix: string, place: number): void {
    this.#prefixes.set(prefix, { place, queuedAt: this.#parts.places.last })
  }

  /** The prefixes that may be sent now: no call that was sent before is under way. */
  duePrefixes(): readonly string[] {
    const { oldest } = this.#parts.places
    return [...this.#prefixes].flatMap(([prefix, { queuedAt }]) => (queuedAt < oldest ? prefix : []))
  }

  /** The server has acknowledged the deletion of the prefix by the call with this place, or refuses it for good. */
  acknowledgePrefix(prefix: string, place: number): void {
    if ((this.#prefixes.get(prefix)?.place ?? place) < place) this.#prefixes.delete(prefix)
  }

  /** How many keys and prefixes are listed. */
  get sizes(): { readonly keys: number; readonly prefixes: number } {
    return { keys: this.#pending.size, prefixes: this.#prefixes.size }
  }

  #grouped(items: readonly Pending[]): readonly (readonly Pending[])[] {
    const groups = new Map<string, Pending[]>()
    for (const item of items) {
      const partition = this.#parts.partitionOf(item.key)
      const group = groups.get(partition)
      if (group === undefined) groups.set(partition, [item])
      else group.push(item)
    }
    return [...groups.values()]
  }

  // Failed sets give way first, then the oldest; what gives way is suspect.
  #makeRoom(): boolean {
    const [oldestSet] = this.#failedSets
    const key = oldestSet ?? this.#pending.keys().next().value!
    const { isFailedSet } = this.#pending.get(key)!
    const { suspects, partitionOf, places, dropped } = this.#parts
    const isKept = suspects.add(key, partitionOf(key), places.last)
    // A set that failed has promised nothing: without any room, it is what goes.
    if (!isKept && !isFailedSet) return false
    if (!isKept) dropped()
    this.#remove(key)
    return true
  }

  #suspect(key: string): boolean {
    const { suspects, partitionOf, places, dropped } = this.#parts
    if (suspects.add(key, partitionOf(key), places.last)) return true
    dropped()
    return false
  }

  #clear(key: string, place: number): void {
    const { suspects, partitionOf } = this.#parts
    if (!suspects.isEmpty) suspects.clear(key, partitionOf(key), place)
  }

  #remove(key: string): void {
    this.#pending.delete(key)
    this.#failedSets.delete(key)
  }
}

const NEW = {
  unconditional: true,
  rowVersion: undefined,
  keepStale: false,
  isFailedSet: false,
  claims: 0,
  restsUntilMs: -Infinity,
}

function isDue({ claims, restsUntilMs, queuedAt }: Pending, nowMs: number, oldest: number): boolean {
  return claims === 0 && restsUntilMs <= nowMs && queuedAt < oldest
}

/** How a key is queued when this operation on it has failed. */
export function queueOptions(op: Op): QueueOptions {
  if (op.kind === 'set') return { rowVersion: op.rowVersion, isFailedSet: true }
  return op.kind === 'delete' ? { rowVersion: op.rowVersion, keepStale: op.keepStale } : {}
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
export function makesUpFor(op: Op | RemoteOp, item: Pending): boolean {
  if (op.kind !== 'set' && op.kind !== 'delete') return false
  const { rowVersion } = op
  if (op.kind === 'delete' && 'keepStale' in op && op.keepStale === true && !item.keepStale) return false
  if (item.rowVersion === undefined) return true
  // A set without a row version is the caller's last word; a deletion without one leaves no floor.
  return rowVersion === undefined ? op.kind === 'set' : rowVersion >= item.rowVersion
}

// Whether nothing older can be there afterwards.
function removes(op: Op | RemoteOp): boolean {
  if (op.kind === 'delete' && 'keepStale' in op && op.keepStale === true) return false
  return (op.kind === 'set' || op.kind === 'delete') && op.rowVersion === undefined
}

function higher(some: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (some === undefined || other === undefined) return some ?? other
  return some > other ? some : other
}
