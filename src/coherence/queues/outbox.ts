import type { RemoteOp } from '../../core/remote/operations.ts'
import type { Op } from '../../core/store.ts'
import { Front } from '../../internal/front.ts'
import type { CallPlaces } from '../order/call-places.ts'
import type { Suspects } from './suspects.ts'

/** An invalidation that the server has not acknowledged. */
export interface Pending {
  readonly key: string
  /** Whether the server's entry is removed at any row version. */
  readonly unconditional: boolean
  /** The highest row version below which the server's entry is removed and a floor is left. */
  readonly rowVersion: bigint | undefined
  /** Whether an entry with grace becomes stale instead of being removed. */
  readonly keepStale: boolean
  /** Whether only failed sets have queued it. Explicit invalidations outrank it. */
  readonly isFailedSet: boolean
  /** The place of the last call that queued it. */
  readonly place: number
  /** The last place that was given when it was queued. */
  readonly queuedAt: number
  /** The number of calls under way that make up for it if they are acknowledged. */
  claims: number
  /** The time until which it is not sent again, because the server has refused it. */
  restsUntilMs: number
}

/** The options with which a key is queued. */
export interface QueueOptions {
  readonly rowVersion?: bigint | undefined
  readonly keepStale?: boolean | undefined
  /** Whether it is a set that has failed. */
  readonly isFailedSet?: boolean | undefined
}

/** The parts that an outbox uses. */
export interface OutboxParts {
  /** The most keys that it lists. The rest is suspect. */
  readonly limit: number
  readonly places: CallPlaces
  readonly suspects: Suspects
  partitionOf(key: string): string
  /** Called when something was queued. */
  queued(): void
  /** Called when a duty was dropped, because there was no room at all. */
  dropped(): void
}

/**
 * Keys and prefixes whose invalidation failed or timed out. Until the server has acknowledged it, this node takes the
 * server's entries of them for absent. It holds no values. Keys without room are suspect.
 */
export class Outbox {
  readonly #parts: OutboxParts
  readonly #pending = new Map<string, Pending>()
  readonly #failedSets = new Set<string>()
  readonly #oldestKeys = new Front(this.#pending)
  readonly #oldestSets = new Front(this.#failedSets)
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
    this.#parts.queued()
    const before = this.#pending.get(key)
    if (this.#pending.size < this.#parts.limit) {
      this.#oldestKeys.letGo()
      this.#oldestSets.letGo()
    } else if (before === undefined && !this.#makeRoom()) return this.#suspect(key)
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

  /** Returns the present item of the key. */
  current(key: string): Pending | undefined {
    return this.#pending.get(key)
  }

  /**
   * Notes that the call with this place was acknowledged. The item that it makes up for is removed, unless a later call
   * has queued it.
   */
  acknowledge(op: Op | RemoteOp, place: number): void {
    if (this.isEmpty) return
    const item = this.#pending.get(op.key)
    if (item !== undefined && item.place < place && makesUpFor(op, item)) this.#remove(op.key)
    if (removes(op)) this.#clear(op.key, place)
  }

  /** Notes that the server has acknowledged the operations of this item, sent by the call with this place. */
  sent(item: Pending, place: number): void {
    const present = this.#pending.get(item.key)
    if (present !== undefined && present.place < place) this.#remove(item.key)
    if (item.unconditional && !item.keepStale) this.#clear(item.key, place)
  }

  /**
   * Returns the items that may be sent now, by partition, oldest first. Those that another call may make up for are
   * left out.
   */
  due(nowMs: number): readonly (readonly Pending[])[] {
    if (this.#pending.size === 0) return []
    const { oldest } = this.#parts.places
    return this.#grouped([...this.#pending.values()].filter((item) => isDue(item, nowMs, oldest)))
  }

  /** Returns the same for these keys only. */
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
    this.#parts.queued()
  }

  /** Returns the prefixes that may be sent now, because no earlier call is under way. */
  duePrefixes(): readonly string[] {
    const { oldest } = this.#parts.places
    return [...this.#prefixes].flatMap(([prefix, { queuedAt }]) => (queuedAt < oldest ? prefix : []))
  }

  /**
   * Notes that the server has acknowledged the deletion of the prefix by the call with this place, or refuses it for
   * good.
   */
  acknowledgePrefix(prefix: string, place: number): void {
    if ((this.#prefixes.get(prefix)?.place ?? place) < place) this.#prefixes.delete(prefix)
  }

  /** The numbers of listed keys and prefixes. */
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

  // Makes an item suspect to make room: the oldest failed set, else the oldest item.
  #makeRoom(): boolean {
    const key = this.#oldestUnclaimed()
    if (key === undefined) return false
    const { isFailedSet } = this.#pending.get(key)!
    const { suspects, partitionOf, places, dropped } = this.#parts
    const isKept = suspects.add(key, partitionOf(key), places.last)
    // A failed set has promised nothing, so it is dropped if there is no room at all.
    if (!isKept && !isFailedSet) return false
    if (!isKept) dropped()
    this.#remove(key)
    return true
  }

  // The answer of the call that claims an item would not count for a suspect key, and a sweep would remove what the call
  // has stored.
  #oldestUnclaimed(): string | undefined {
    for (const front of [this.#oldestSets, this.#oldestKeys])
      for (let looks = 0; looks < LOOKS; looks++) {
        const key = front.take()
        if (key === undefined) break
        if (this.#pending.get(key)?.claims === 0) return key
      }
    return undefined
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

/** The number of items that are looked at to find one that may become suspect. */
const LOOKS = 8

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

/** Returns the options with which a key is queued after this operation on it has failed. */
export function queueOptions(op: Op): QueueOptions {
  if (op.kind === 'set') return { rowVersion: op.rowVersion, isFailedSet: true }
  return op.kind === 'delete' ? { rowVersion: op.rowVersion, keepStale: op.keepStale } : {}
}

/** Returns the operations that are sent for a queued item. */
export function replayOf({ key, unconditional, rowVersion, keepStale }: Pending): readonly RemoteOp[] {
  const kind = keepStale ? 'stale' : 'delete'
  const ops: RemoteOp[] = []
  if (unconditional) ops.push({ kind, key })
  if (rowVersion !== undefined) ops.push({ kind, key, rowVersion })
  return ops
}

/** Whether an executed operation makes up for a queued item, because it has replaced or removed the old entry. */
function makesUpFor(op: Op | RemoteOp, item: Pending): boolean {
  if (op.kind !== 'set' && op.kind !== 'add' && op.kind !== 'delete') return false
  const { rowVersion } = op
  if (op.kind === 'delete' && 'keepStale' in op && op.keepStale === true && !item.keepStale) return false
  if (item.rowVersion === undefined) return true
  // A set without a row version is the caller's last word. A deletion without one leaves no floor.
  return rowVersion === undefined ? op.kind !== 'delete' : rowVersion >= item.rowVersion
}

// Whether nothing older can be on the server afterwards.
function removes(op: Op | RemoteOp): boolean {
  if (op.kind === 'delete' && 'keepStale' in op && op.keepStale === true) return false
  return (op.kind === 'set' || op.kind === 'add' || op.kind === 'delete') && op.rowVersion === undefined
}

function higher(some: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (some === undefined || other === undefined) return some ?? other
  return some > other ? some : other
}
