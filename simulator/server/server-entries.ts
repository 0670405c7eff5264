import { counterStep } from '../../src/in-process/entry-rules.ts'
import { isNamespaceTag } from '../../src/keys/tags.ts'
import type { Generations } from '../../src/core/remote/generations.ts'
import type { Head } from '../../src/core/remote/log.ts'
import type { LeaseRequest, RemoteFound, RemoteOp, RemoteResult } from '../../src/core/remote/operations.ts'
import type { Cooldown, Stored } from '../../src/core/store.ts'
import type { Names } from '../world/names.ts'

type AsText<O> = O extends { readonly stored: Stored } ? Omit<O, 'stored'> & { readonly text: string } : O

/** A change of one key as it travels to the server, with values as text. */
export type ServerOp = AsText<RemoteOp>

/** The result of a change. */
export type ServerResult = Omit<RemoteResult, 'stored'> & { readonly text?: string }

/** An entry in the server's answer. */
export type ServerFound = Omit<RemoteFound, 'stored'> & { readonly text: string }

type ServerValue = Omit<ServerFound, 'remainingMs'>

/** Receives events of leases. */
export interface LeaseEvents {
  granted(key: string, token: string): void
  renewed(key: string, token: string): void
  expired(token: string): void
}

/** The parts of the server that the scripts of entries call. */
export interface EntryHooks {
  /** Logs a change of the key and returns the head of the log. */
  log(key: string): Head | undefined
  head(key: string): Head | undefined
  /** Notes that a value is about to be stored under a lease. */
  filled(key: string, value: ServerValue, token: string): void
  /** Notes that the present value of the key is not valid any more. */
  invalidated(key: string): void
  /** Notes that `expire` gave the entry of the key a nearer end. */
  shortened(key: string, ttlMs: number): void
  readonly leases: LeaseEvents | undefined
}

const FLOOR_MS = 60_000

/**
 * The entries (`v:`), leases (`l:`) and floors of row versions (`f:`) of a simulated server, and the scripts that
 * change them. This is the reference for every other remote store. Questions that the port leaves open are decided so:
 *
 * - A change that is refused by its row version changes nothing, and voids nothing. A refused fill still ends its own
 *   lease. A refused set or invalidation is logged, because a node may keep a value that is older than both.
 * - A fill without a row version is stored whatever the floor. A `set` without one removes the floor.
 * - `delete` removes stale entries, too. `take` and `increment` take stale entries for absent.
 * - An `add` is a `set` if there is no fresh entry, and else changes and voids nothing.
 * - An increment keeps the entry's grace, row version and generations. A new counter has no grace.
 * - `expire` names the remaining fresh time. The entry lives for its grace after that.
 */
export class ServerEntries {
  readonly #names: Names
  readonly #hooks: EntryHooks

  constructor(names: Names, hooks: EntryHooks) {
    this.#names = names
    this.#hooks = hooks
  }

  read(key: string): ServerFound | undefined {
    const value = this.#names.get(`v:${key}`) as ServerValue | undefined
    return value && { ...value, remainingMs: this.#names.remainingMs(`v:${key}`)! }
  }

  acquire(
    { key, token, hidden, freshUpToMs = 0, force }: LeaseRequest,
    leaseMs: number,
  ): ServerFound | 'granted' | 'busy' | Cooldown {
    const found = this.read(key)
    if (found !== undefined && !isHidden(found, hidden) && freshMs(found) > freshUpToMs) return found
    const holder = this.#holder(key)
    if (holder !== undefined && holder !== token && force !== true)
      return typeof holder === 'string' ? 'busy' : holder
    this.#names.set(`l:${key}`, token, leaseMs)
    this.#hooks.leases?.granted(key, token)
    return 'granted'
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    if (this.#holder(key) !== token) return false
    this.#names.set(`l:${key}`, token, leaseMs)
    this.#hooks.leases?.renewed(key, token)
    return true
  }

  release(key: string, token: string, cooldown?: Cooldown & { readonly forMs: number }): void {
    if (this.#holder(key) !== token) return
    if (cooldown === undefined) this.#names.delete(`l:${key}`)
    else this.#names.set(`l:${key}`, { cooldown: cooldown.cooldown }, cooldown.forMs)
  }

  write(op: ServerOp): ServerResult {
    const before = this.read(op.key)
    switch (op.kind) {
      case 'fill':
        return this.#fill(op, before)
      case 'set':
        if (this.#isOutdated(op, before)) return this.#outdated(op.key)
        this.#hooks.invalidated(op.key)
        this.#put(op.key, op, op.ttlMs)
        if (op.rowVersion === undefined) this.#names.delete(`f:${op.key}`)
        return { ok: true, ...this.#logged(op.key) }
      case 'add':
        if (before !== undefined && freshMs(before) > 0 && !isHidden(before, op.hidden))
          return { ok: false, differs: true, generations: before.generations }
        return this.write({ ...op, kind: 'set' })
      case 'delete':
      case 'stale':
        return this.#invalidate(op, before)
      case 'take':
        this.#hooks.invalidated(op.key)
        this.#names.delete(`v:${op.key}`)
        if (before === undefined || freshMs(before) <= 0) return { ok: false, ...this.#logged(op.key) }
        return {
          ok: true,
          text: before.text,
          generations: before.generations,
          ...this.#logged(op.key),
        }
      case 'expire':
        return this.#expire(op.key, op.ttlMs, before)
      case 'increment':
        return this.#increment(op, before)
    }
  }

  #fill(op: Extract<ServerOp, { kind: 'fill' }>, before: ServerFound | undefined): ServerResult {
    const { key, token } = op
    if (this.#holder(key) !== token) return { ok: false }
    this.#names.delete(`l:${key}`)
    if (this.#isOutdated(op, before)) return { ok: false, outdated: true }
    this.#hooks.filled(key, op, token)
    this.#put(key, op, op.ttlMs)
    return { ok: true, ...(before === undefined ? unlogged(this.#hooks.head(key)) : this.#logged(key)) }
  }

  #invalidate(
    op: Extract<ServerOp, { kind: 'delete' | 'stale' }>,
    before: ServerFound | undefined,
  ): ServerResult {
    const { key, rowVersion } = op
    if (this.#isOutdated(op, before)) return this.#outdated(key)
    this.#hooks.invalidated(key)
    if (rowVersion !== undefined) this.#names.set(`f:${key}`, rowVersion, FLOOR_MS)
    const graceMs = before?.graceMs ?? 0
    if (op.kind === 'delete' || graceMs === 0) this.#names.delete(`v:${key}`)
    else if (freshMs(before!) > 0) this.#names.set(`v:${key}`, this.#names.get(`v:${key}`), graceMs)
    const found = { generations: before?.generations, ...(graceMs > 0 && { graceMs }) }
    return { ok: before !== undefined, ...found, ...this.#logged(key) }
  }

  #expire(key: string, ttlMs: number, before: ServerFound | undefined): ServerResult {
    if (before === undefined || freshMs(before) <= 0) return { ok: false }
    const { generations, graceMs } = before
    const found = { generations, ...(graceMs !== undefined && { graceMs }) }
    this.#put(key, before, ttlMs)
    if (ttlMs >= freshMs(before)) return { ok: true, ...found }
    this.#hooks.shortened(key, ttlMs)
    return { ok: true, ...found, ...this.#logged(key) }
  }

  #increment(
    {
      key,
      by,
      min,
      max,
      ttlMs,
      generations,
      seen = generations,
      hidden,
    }: Extract<ServerOp, { kind: 'increment' }>,
    found: ServerFound | undefined,
  ): ServerResult {
    const isThere = found !== undefined && freshMs(found) > 0 && !isHidden(found, hidden)
    const before = isThere ? found : undefined
    if (before !== undefined && differs(before.generations, seen))
      return { ok: false, differs: true, generations: before.generations }
    const counted = before === undefined ? 0 : /^-?\d+$/.test(before.text) ? Number(before.text) : undefined
    const number = counterStep(counted, by, { min, max })
    if (number === undefined) return { ok: false }
    if (before === undefined) {
      this.#put(key, { text: String(number), generations }, ttlMs)
      return { ok: true, number, ...this.#logged(key) }
    }
    this.#put(key, { ...before, text: String(number) }, freshMs(before))
    this.#names.delete(`l:${key}`)
    return { ok: true, number }
  }

  // Whether there is an entry with a higher row version, or a floor that an invalidation has left.
  #isOutdated(
    { key, rowVersion }: { readonly key: string; readonly rowVersion?: bigint | undefined },
    before: ServerFound | undefined,
  ): boolean {
    if (rowVersion === undefined) return false
    const floor = this.#names.get(`f:${key}`) as bigint | undefined
    return [before?.rowVersion, floor].some((present) => present !== undefined && present > rowVersion)
  }

  #outdated(key: string): ServerResult {
    const head = this.#hooks.log(key)
    return { ok: false, outdated: true, ...(head && { head, logged: true }) }
  }

  // A value without tags, grace and row version is stored bare.
  #put(key: string, { text, generations, graceMs, rowVersion }: ServerValue, ttlMs: number): void {
    const value: ServerValue = {
      text,
      ...(generations !== undefined && generations.length > 0 && { generations }),
      ...(graceMs !== undefined && graceMs > 0 && { graceMs }),
      ...(rowVersion !== undefined && { rowVersion }),
    }
    this.#names.set(`v:${key}`, value, ttlMs + (graceMs ?? 0))
  }

  // Returns the token of the lease that is held, or the cool-down in its place.
  #holder(key: string): string | Cooldown | undefined {
    return this.#names.get(`l:${key}`) as string | Cooldown | undefined
  }

  // Voids the lease, whichever node holds it. Nothing is logged if no node follows the partition.
  #logged(key: string): { readonly head?: Head; readonly logged?: boolean } {
    this.#names.delete(`l:${key}`)
    const head = this.#hooks.log(key)
    return head === undefined ? {} : { head, logged: true }
  }
}

function unlogged(head: Head | undefined): { readonly head?: Head; readonly logged?: boolean } {
  return head === undefined ? {} : { head, logged: false }
}

/** Returns the time for which an entry is fresh still, without its grace. */
export function freshMs({ remainingMs, graceMs = 0 }: Pick<ServerFound, 'remainingMs' | 'graceMs'>): number {
  return remainingMs - graceMs
}

// Whether the entry is the one that the node knows to be invisible.
function isHidden({ generations }: ServerFound, hidden: Generations | 'none' | undefined): boolean {
  if (hidden === undefined) return false
  if (hidden === 'none') return generations === undefined
  return (
    generations?.length === hidden.length &&
    generations.every(({ tag, value }, index) => tag === hidden[index]!.tag && value === hidden[index]!.value)
  )
}

// Only the caller knows whether other generations hide the entry. Without any, it is no entry of a namespace.
function differs(present: Generations | undefined, wanted: Generations | undefined): boolean {
  if (present === undefined) return wanted?.some(({ tag }) => isNamespaceTag(tag)) === true
  return (
    present.length !== wanted?.length ||
    present.some(({ tag, value }, index) => tag !== wanted[index]!.tag || value !== wanted[index]!.value)
  )
}
