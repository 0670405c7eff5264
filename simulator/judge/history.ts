import { durationMs, type Duration } from '../../src/options/durations.ts'

/** An event in a simulated world. */
export interface Happening {
  /** Milliseconds since the world began. */
  readonly atMs: number
  /** The node or server of the event. */
  readonly node: string
  /** The event in words. */
  readonly what: string
}

/** A breach of an invariant. */
export interface Violation {
  /** The invariant, such as `I2`. */
  readonly invariant: string
  /** Milliseconds since the world began. */
  readonly atMs: number
  /** The observation and the expectation. */
  readonly message: string
}

/** The way of a value into the cache: loaded, or by a caller's `set`. */
interface Origin {
  readonly isSet: boolean
  readonly bornMs: number
  /** The moment at which the value of a load was stored on the server. */
  storedMs: number | undefined
  /** The moment from which no request of a `set` is under way any more. Calls that begin later replace its value. */
  settledMs: number
  /** The lifetime of its entry. */
  ttlMs: number
}

/** The subject of an invalidation: a key, or a tag or namespace that the key bears. */
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
  /**
   * The moment from which it is in effect on the server that all nodes ask. The bound for other nodes counts from here.
   */
  effectiveMs: number
  /** Whether a failover has lost it, and no node has replayed it yet. */
  lost: boolean
  wasLost: boolean
  /**
   * Whether a lost invalidation need not be replayed. It is asked at the end because a former primary may still log.
   */
  outran: Outran
  /** Whether its node died before the server had acknowledged it. */
  forgotten: boolean
}

/** The versions that a read must at least return: by the invalidations of all nodes, and by those of its own node. */
export interface Required {
  readonly startedAtMs: number
  readonly bounded: number
  readonly own: number
  readonly boundedBy: InvalidatedBy
  readonly ownBy: InvalidatedBy
}

/**
 * Whether no node need replay an invalidation made at `atMs` that a server has lost. This holds if it was not logged,
 * or if so much was logged after it that no journal has it. It also holds if the server has no log that tells
 * (docs/coherence.md, "What is not").
 */
export type Outran = (key: string, version: number, atMs: number) => boolean

/** Details of an invalidation. */
export interface InvalidationDetails {
  /** The judgement of an invalidation that is not in effect. */
  readonly outran?: Outran
  readonly inEffect?: boolean
  readonly by?: InvalidatedBy
  /** The moment at which the call began. */
  readonly beganMs?: number
}

/**
 * The memory of a simulated world, and its judge. It knows a database whose versions only rise, the acknowledged
 * invalidations, and the values that reads returned.
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
  /** The moment until which some node may still ask a server that is no longer the primary. */
  settledMs = 0
  /** Number of invalidations that a failover has lost. */
  lost = 0
  slowestReplayMs = 0

  /** Called with each value that was read although it is older than it may be. */
  onOutdated: (node: string, key: string, version: number) => void = () => undefined

  /** Whether an invalidation without an acknowledgement still binds its node. If servers fail, it may be lost. */
  binds: (node: string, key: string, version: number) => boolean = () => true

  /** `boundMs` is B of the invariants: the time for which another node's invalidation may stay unseen. */
  constructor(now: () => number, boundMs: number, recording: boolean) {
    this.#now = now
    this.#boundMs = boundMs
    this.#recording = recording
  }

  note(node: string, what: string): void {
    if (this.#recording) this.happenings.push({ atMs: this.#now(), node, what })
  }

  /**
   * Notes an acknowledged or queued invalidation of `key`, made on `node` after the database had `version`. `inEffect`:
   * whether the present primary, or one after it, has executed it.
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
   * Notes that another server is the primary. Until `settledMs` some node may still ask the former one, which `outran`
   * asks.
   */
  failedOver(settledMs: number, invalidatedVersion: (key: string) => number, outran: Outran): void {
    this.settledMs = Math.max(this.settledMs, settledMs)
    for (const [key, list] of this.#invalidated) {
      const present = invalidatedVersion(key)
      for (const entry of list) {
        // One replica may have changes that another lacked.
        if (entry.lost && entry.version <= present) this.#resume(entry)
        if (entry.version <= present || entry.lost) continue
        this.#lose(entry, outran)
      }
    }
  }

  /**
   * Notes that the primary has executed an invalidation of `key` when the database had `version`. A lost one is in
   * effect.
   */
  executed(key: string, version: number): void {
    for (const entry of this.#invalidated.get(key) ?? []) {
      if (!entry.lost || entry.version > version) continue
      // A deletion by prefix has nothing to replay. Something later makes up for it.
      if (isOwed(key, entry)) {
        const waitedMs = this.#now() - Math.max(this.settledMs, entry.atMs)
        this.slowestReplayMs = Math.max(this.slowestReplayMs, waitedMs)
      }
      this.#resume(entry)
    }
  }

  /**
   * Notes a new value, made by a load that has read the database or by a caller's `set`. The returned number names it.
   */
  born(isSet: boolean, ttl?: Duration): number {
    const bornMs = this.#now()
    const settledMs = isSet ? Infinity : bornMs
    const origin = this.#origins.push({ isSet, bornMs, storedMs: undefined, settledMs, ttlMs: Infinity }) - 1
    if (ttl !== undefined) this.lives(origin, ttl)
    return origin
  }

  /** Notes the ttl of the value's entry. */
  lives(origin: number, ttl: Duration): void {
    this.#origins[origin]!.ttlMs = durationMs(ttl, 'ttl', { wallNow: this.#now })
  }

  /** Begins an `expire` of the key. The caller reports the moment until which it may be executed. */
  expiring(key: string): (untilMs: number) => void {
    const expire = { untilMs: Infinity }
    const others = this.#expires.get(key)
    if (others === undefined) this.#expires.set(key, [expire])
    else others.push(expire)
    return (untilMs) => {
      expire.untilMs = untilMs
    }
  }

  /** Returns the end of a value's entry; `Infinity` = unknown. */
  overMs(key: string, origin: number): number {
    const { bornMs, ttlMs } = this.#origins[origin]!
    if (this.#expires.get(key)?.some(({ untilMs }) => untilMs >= bornMs) === true) return Infinity
    return (this.keptMs(origin) ?? Infinity) + ttlMs
  }

  /** Notes that the server has stored a loaded value. */
  stored(origin: number): void {
    this.#origins[origin]!.storedMs = this.#now()
  }

  /** Returns the moment from which a value must be in the cache, if at all. `undefined` = it never was. */
  keptMs(origin: number): number | undefined {
    const { isSet, settledMs, storedMs } = this.#origins[origin]!
    return isSet ? settledMs : storedMs
  }

  /** Notes that a `set` has been answered, or that its request can arrive until `settledMs`. */
  settled(origin: number, settledMs: number): void {
    this.#origins[origin]!.settledMs = settledMs
  }

  /** Notes the death of a node's process. Its changes that had not reached the server are known to no other node. */
  died(node: string, isInEffect: (key: string, version: number) => boolean): void {
    for (const [key, list] of this.#invalidated) {
      for (const entry of list) {
        if (entry.node !== node || entry.acknowledged || isInEffect(key, entry.version)) continue
        entry.forgotten = true
      }
    }
  }

  /**
   * Notes an invalidation that a former primary has executed when the database had `version`, while the primary has
   * only one of `present`. The node that queued it may have been told that it is done.
   */
  executedInVain(key: string, version: number, present: number, outran: Outran): void {
    for (const entry of this.#invalidated.get(key) ?? []) {
      if (entry.acknowledged || entry.lost || entry.version > version || entry.version <= present) continue
      this.#lose(entry, outran)
    }
  }

  /**
   * Returns the keys with a lost invalidation that was to be replayed and is lost still, and the highest such version.
   */
  stillLost(): readonly (readonly [key: string, version: number])[] {
    return [...this.#invalidated].flatMap(([key, list]) => {
      const versions = list.filter((entry) => isOwed(key, entry)).map(({ version }) => version)
      return versions.length === 0 ? [] : [[key, Math.max(...versions)] as const]
    })
  }

  /** Returns the versions that a read beginning now on `node` must at least return. */
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

  // Only a call that began later replaces a value that was set. Of sets at the same time any may be the last.
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

  /**
   * Returns the highest version whose invalidation was acknowledged or queued anywhere. All nodes read it in the end.
   */
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

  /** Judges the result of a read. Invalidations that were lost while it was under way are not required of it. */
  judge(key: string, node: string, [version, origin]: readonly [number, number], atStart: Required): void {
    const atEnd = this.#required(key, node, atStart.startedAtMs, this.sinceMs(origin))
    const required = {
      bounded: Math.min(atStart.bounded, atEnd.bounded),
      own: Math.min(atStart.own, atEnd.own),
    }
    if (version < Math.max(required.bounded, required.own)) this.onOutdated(node, key, version)
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

  /** Returns the moment before which a call began that need not have replaced a value. */
  sinceMs(origin: number): number {
    const { isSet, settledMs } = this.#origins[origin]!
    return isSet ? settledMs : -Infinity
  }

  violated(invariant: string, message: string): void {
    this.violations.push({ invariant, atMs: this.#now(), message })
  }
}

// An invalidation is owed if it is lost, and still in the journal of every node that has applied it.
function isOwed(key: string, { lost, version, outran, atMs }: Invalidated): boolean {
  return lost && !outran(key, version, atMs)
}

function never(): boolean {
  return false
}
