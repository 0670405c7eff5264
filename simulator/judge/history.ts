import { durationMs, type Duration } from '../../src/options/durations.ts'

/** Something that happened in a simulated world. */
export interface Happening {
  /** Milliseconds since the world began. */
  readonly atMs: number
  /** The node or server it happened on. */
  readonly node: string
  /** What happened, in words. */
  readonly what: string
}

/** What went against an invariant. */
export interface Violation {
  /** Such as `I2`. */
  readonly invariant: string
  /** Milliseconds since the world began. */
  readonly atMs: number
  /** What was seen, and what should have been. */
  readonly message: string
}

/** How a value came into the cache: loaded, or by a caller's `set`. */
interface Origin {
  readonly isSet: boolean
  readonly bornMs: number
  /** A load: when its value was stored on the server. */
  storedMs: number | undefined
  /** A set: from when on no request of it is under way any more, so that what began later replaces it. */
  settledMs: number
  /** How long its entry lives. */
  ttlMs: number
}

/** What was invalidated: a key, or a tag or namespace that it bears. */
export type InvalidatedBy = 'key' | 'tag' | 'clear'

const INVARIANTS: Readonly<Record<InvalidatedBy, { readonly bounded: string; readonly own: string }>> = {
  key: { bounded: 'I2', own: 'I3' },
  tag: { bounded: 'I9', own: 'I9' },
  clear: { bounded: 'I10', own: 'I10' },
}

interface Invalidated {
  readonly by: InvalidatedBy
  readonly version: number
  readonly beganMs: number
  readonly atMs: number
  readonly node: string
  readonly acknowledged: boolean
  /** Since when it has been in effect on the server that all nodes ask: what others may miss is counted from here. */
  effectiveMs: number
  /** A failover has lost it, and nobody has replayed it yet. */
  lost: boolean
  wasLost: boolean
  /** Of what is lost: asked at the end, for a server that is no longer the primary may still log. */
  outran: Outran
  /** Its node died before the server had acknowledged it. */
  forgotten: boolean
}

/** What a read must at least return: by everybody's word, and by that of its own node. */
export interface Required {
  readonly startedAtMs: number
  readonly bounded: number
  readonly own: number
  readonly boundedBy: InvalidatedBy
  readonly ownBy: InvalidatedBy
}

/**
 * Whether nobody need replay an invalidation made at `atMs` that a server has lost: so much was logged after it that no
 * journal has it, it was not logged at all, or the server has no log that tells (docs/coherence.md, "What is not").
 */
export type Outran = (key: string, version: number, atMs: number) => boolean

/** More of an invalidation. */
export interface InvalidationDetails {
  /** Of what is not in effect. */
  readonly outran?: Outran
  readonly inEffect?: boolean
  readonly by?: InvalidatedBy
  /** When the call began. */
  readonly beganMs?: number
}

/**
 * The memory of a simulated world, and its judge: a database whose versions only rise, the invalidations that
 * were acknowledged, and what each read returned.
 */
export class History {
  readonly violations: Violation[] = []
  readonly happenings: Happening[] = []
  readonly #invalidated = new Map<string, Invalidated[]>()
  readonly #origins: Origin[] = []
  readonly #expires = new Map<string, { untilMs: number }[]>()
  readonly #now: () => number
  readonly #boundMs: number
  readonly #recording: boolean
  // Until when some node may still ask a server that is no longer the primary.
  /** Until when some node may still ask a server that is no longer the primary. */
  settledMs = 0
  /** Invalidations that a failover has lost, and how long after the last node's reconnection the last was replayed. */
  lost = 0
  slowestReplayMs = 0

  /** Whether an invalidation without an acknowledgement still binds its node; where servers fail, it may be lost. */
  binds: (node: string, key: string, version: number) => boolean = () => true

  /** `boundMs` is B of the invariants: how long another node's invalidation may stay unseen. */
  constructor(now: () => number, boundMs: number, recording: boolean) {
    this.#now = now
    this.#boundMs = boundMs
    this.#recording = recording
  }

  note(node: string, what: string): void {
    if (this.#recording) this.happenings.push({ atMs: this.#now(), node, what })
  }

  /**
   * An invalidation of `key`, made on `node` after the database had `version`, was acknowledged, or queued there.
   * `inEffect`: whether the present primary has executed it, or one after it.
   */
  invalidated(
    key: string,
    version: number,
    node: string,
    acknowledged: boolean,
    { inEffect = true, by = 'key', beganMs = this.#now(), outran = never }: InvalidationDetails = {},
  ): void {
    const list = this.#invalidated.get(key)
    const atMs = this.#now()
    const effectiveMs = Math.max(atMs, this.settledMs)
    const lost = acknowledged && !inEffect
    const entry = {
      by,
      version,
      beganMs,
      atMs,
      node,
      acknowledged,
      effectiveMs,
      lost,
      wasLost: lost,
      outran,
      forgotten: false,
    }
    if (lost) this.lost++
    if (list === undefined) this.#invalidated.set(key, [entry])
    else list.push(entry)
  }

  /**
   * Another server is the primary, and until `settledMs` some node may still ask the one before. `outran`
   * is asked of the primary before.
   */
  failedOver(settledMs: number, invalidatedVersion: (key: string) => number, outran: Outran): void {
    this.settledMs = Math.max(this.settledMs, settledMs)
    for (const [key, list] of this.#invalidated) {
      const present = invalidatedVersion(key)
      for (const entry of list) {
        // One replica may have what another lacked.
        if (entry.lost && entry.version <= present) this.#resume(entry)
        if (entry.version <= present || entry.lost) continue
        this.#lose(entry, outran)
      }
    }
  }

  /** The primary has executed an invalidation of `key` when the database had `version`: what was lost is in effect. */
  executed(key: string, version: number): void {
    for (const entry of this.#invalidated.get(key) ?? []) {
      if (!entry.lost || entry.version > version) continue
      this.#resume(entry)
      this.slowestReplayMs = Math.max(
        this.slowestReplayMs,
        this.#now() - Math.max(this.settledMs, entry.atMs),
      )
    }
  }

  /** A value is made, by a load that has read the database or by a caller who sets it; the number names it. */
  born(isSet: boolean, ttl?: Duration): number {
    const bornMs = this.#now()
    const settledMs = isSet ? Infinity : bornMs
    const origin = this.#origins.push({ isSet, bornMs, storedMs: undefined, settledMs, ttlMs: Infinity }) - 1
    if (ttl !== undefined) this.lives(origin, ttl)
    return origin
  }

  /** Its entry gets this ttl. */
  lives(origin: number, ttl: Duration): void {
    this.#origins[origin]!.ttlMs = durationMs(ttl, 'ttl', { wallNow: this.#now })
  }

  /** An `expire` of the key begins; tell until when it may be executed. */
  expiring(key: string): (untilMs: number) => void {
    const expire = { untilMs: Infinity }
    const others = this.#expires.get(key)
    if (others === undefined) this.#expires.set(key, [expire])
    else others.push(expire)
    return (untilMs) => {
      expire.untilMs = untilMs
    }
  }

  /** When the entry of a value is over; `Infinity` = nobody knows. */
  overMs(key: string, origin: number): number {
    const { bornMs, ttlMs } = this.#origins[origin]!
    if (this.#expires.get(key)?.some(({ untilMs }) => untilMs >= bornMs) === true) return Infinity
    return (this.keptMs(origin) ?? Infinity) + ttlMs
  }

  /** The server has stored a loaded value. */
  stored(origin: number): void {
    this.#origins[origin]!.storedMs = this.#now()
  }

  /** Since when a value must be in the cache, if at all; `undefined` = it never was. */
  keptMs(origin: number): number | undefined {
    const { isSet, settledMs, storedMs } = this.#origins[origin]!
    return isSet ? settledMs : storedMs
  }

  /** A `set` has been answered, or its request can arrive until `settledMs`. */
  settled(origin: number, settledMs: number): void {
    this.#origins[origin]!.settledMs = settledMs
  }

  /** A node's process has died: what it had not brought to the server, nobody else knows of. */
  died(node: string, isInEffect: (key: string, version: number) => boolean): void {
    for (const [key, list] of this.#invalidated) {
      for (const entry of list) {
        if (entry.node !== node || entry.acknowledged || isInEffect(key, entry.version)) continue
        entry.forgotten = true
      }
    }
  }

  /**
   * A server that is no longer the primary has executed an invalidation when the database had `version`, and the
   * primary only one of `present`: whoever had queued it may have been told that it is done.
   */
  executedInVain(key: string, version: number, present: number, outran: Outran): void {
    for (const entry of this.#invalidated.get(key) ?? []) {
      if (entry.acknowledged || entry.lost || entry.version > version || entry.version <= present) continue
      this.#lose(entry, outran)
    }
  }

  /** The keys of which an invalidation is lost still that was to be replayed, and at most which version. */
  stillLost(): readonly (readonly [key: string, version: number])[] {
    return [...this.#invalidated].flatMap(([key, list]) => {
      const versions = list.filter((entry) => isOwed(key, entry)).map(({ version }) => version)
      return versions.length === 0 ? [] : [[key, Math.max(...versions)] as const]
    })
  }

  /** The versions that a read beginning now on `node` must at least return. */
  required(key: string, node: string): Required {
    return this.#required(key, node, this.#now(), -Infinity)
  }

  #lose(entry: Invalidated, outran: Outran): void {
    entry.lost = true
    entry.wasLost = true
    entry.outran = outran
    this.lost++
  }

  #resume(entry: Invalidated): void {
    entry.lost = false
    entry.effectiveMs = Math.max(this.#now(), this.settledMs)
  }

  // A value that was set yields only to what began later: of sets at the same time any may be the last.
  #required(key: string, node: string, startedAtMs: number, sinceMs: number): Required {
    let bounded = 0
    let own = 0
    let boundedBy: InvalidatedBy = 'key'
    let ownBy: InvalidatedBy = 'key'
    for (const entry of this.#invalidated.get(key) ?? []) {
      if (entry.lost || entry.atMs > startedAtMs || entry.beganMs < sinceMs) continue
      const isBound = entry.acknowledged && entry.effectiveMs < startedAtMs - this.#boundMs
      const { version, by } = entry
      if (isBound && version > bounded) [bounded, boundedBy] = [version, by]
      const isOwn = entry.node === node && (isBound || !entry.wasLost)
      if (isOwn && version > own && (entry.acknowledged || this.binds(node, key, version)))
        [own, ownBy] = [version, by]
    }
    return { startedAtMs, bounded, own, boundedBy, ownBy }
  }

  /** The highest version whose invalidation was acknowledged or queued anywhere: what everybody reads in the end. */
  latest(key: string, origin: number): number {
    const sinceMs = this.sinceMs(origin)
    const entries = (this.#invalidated.get(key) ?? []).filter(
      (entry) =>
        !entry.forgotten &&
        (!entry.lost || isOwed(key, entry)) &&
        entry.beganMs >= sinceMs &&
        (entry.acknowledged || this.binds(entry.node, key, entry.version)),
    )
    return Math.max(0, ...entries.map((entry) => entry.version))
  }

  /** Judges what a read returned: what was lost while it was under way can't be asked of it. */
  judge(key: string, node: string, [version, origin]: readonly [number, number], atStart: Required): void {
    const atEnd = this.#required(key, node, atStart.startedAtMs, this.sinceMs(origin))
    const required = {
      bounded: Math.min(atStart.bounded, atEnd.bounded),
      own: Math.min(atStart.own, atEnd.own),
    }
    if (version < required.bounded) {
      this.violated(
        INVARIANTS[atStart.boundedBy].bounded,
        `${node} read version ${version} of ${key}; ${required.bounded} was acknowledged before the bound`,
      )
    }
    if (version < required.own) {
      this.violated(
        INVARIANTS[atStart.ownBy].own,
        `${node} read version ${version} of ${key}; it had invalidated up to ${required.own} itself`,
      )
    }
  }

  /** What began before this moment need not have replaced a value. */
  sinceMs(origin: number): number {
    const { isSet, settledMs } = this.#origins[origin]!
    return isSet ? settledMs : -Infinity
  }

  violated(invariant: string, message: string): void {
    this.violations.push({ invariant, atMs: this.#now(), message })
  }
}

// Lost, and still in the journal of whoever has applied it.
function isOwed(key: string, { lost, version, outran, atMs }: Invalidated): boolean {
  return lost && !outran(key, version, atMs)
}

function never(): boolean {
  return false
}
