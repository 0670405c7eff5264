import type { Clock } from '../core/time/clock.ts'
import type { Generations } from '../core/remote/generations.ts'
import type { Head } from '../core/remote/log.ts'
import type { Lease, Reading } from '../core/store.ts'

/**
 * A node's note of a read, a load or a write in flight. An invalidation marks it dead. Then its result reaches its
 * callers only.
 */
export class Operation implements Lease {
  readonly key: string
  readonly tags: readonly string[] | undefined
  /** The lease's token on the server, which is unique to the load, not to the node. */
  readonly token: string
  /** Its place in the order of this node's events. */
  readonly bornAt: number
  /** The token of its reader. An answer of the server from before it must not be believed. */
  readonly after: string | undefined
  /** The generations that its tags had when the load or set began. */
  generations: Generations | undefined
  /** The head of the log of generations that this node knew when the load began. */
  taggedSince: Head | undefined
  dead = false
  /** The stamps of the invalidations of its tags that came after it. */
  overtakenBy: Set<string> | undefined
  /** Whether the server granted the lease. */
  held = false
  /** Whether the question for the lease has no answer, because the server is away or refuses it. */
  unanswered = false
  /** The highest counter of a message that covered the key; `Infinity` after a flush or an operation of this node. */
  lastCounter = 0

  /** The time at which it was opened. */
  readonly bornAtMs: number

  /** The tier that its reader skips. */
  readonly skip: Reading['skip']

  /** The time for which its value will live, its grace included; 0 = not known. */
  readonly lifeMs: number

  constructor(
    key: string,
    { tags, after, skip, lifeMs = 0 }: Reading,
    token: string,
    bornAt: number,
    bornAtMs: number,
  ) {
    this.skip = skip
    this.lifeMs = lifeMs
    this.bornAtMs = bornAtMs
    this.key = key
    this.tags = tags
    this.after = after
    this.token = token
    this.bornAt = bornAt
  }
}

/** The markers of a node, by key. */
export class InFlight {
  readonly #byKey = new Map<string, Set<Operation>>()
  readonly #node: string
  #count = 0

  readonly #clock: Clock

  constructor(node: string, clock: Clock) {
    this.#node = node
    this.#clock = clock
  }

  /** The next place in the order of this node's events. */
  nextEvent(): number {
    return ++this.#count
  }

  open(key: string, reading: Reading = {}): Operation {
    const bornAt = this.nextEvent()
    const marker = new Operation(key, reading, `${this.#node}:${bornAt}`, bornAt, this.#clock.now())
    const others = this.#byKey.get(key)
    if (others === undefined) this.#byKey.set(key, new Set([marker]))
    else others.add(marker)
    return marker
  }

  close(marker: Operation): void {
    const markers = this.#byKey.get(marker.key)
    if (markers?.delete(marker) && markers.size === 0) this.#byKey.delete(marker.key)
  }

  /** Marks every marker of the key dead, except one. `counter` is the message's; `Infinity` without a message. */
  kill(key: string, counter: number, except?: Operation): void {
    const markers = this.#byKey.get(key)
    if (markers === undefined) return
    for (const marker of markers) {
      if (marker === except) continue
      marker.dead = true
      marker.lastCounter = Math.max(marker.lastCounter, counter)
    }
  }

  /** Marks every marker of the keys dead. */
  killEach(targets: readonly { readonly key: string }[]): void {
    if (this.#byKey.size > 0) for (const { key } of targets) this.kill(key, Infinity)
  }

  /** Marks every marker dead whose key matches. */
  killAll(matches: (key: string) => boolean): void {
    for (const key of this.#byKey.keys()) if (matches(key)) this.kill(key, Infinity)
  }

  /**
   * Marks the markers dead that are affected by a new generation of a tag, or (`undefined`) of any tag. Returns those
   * that hold a lease, because no invalidation of a tag voids it. With a stamp, the invalidation came after them.
   */
  killTagged(tag: string | undefined, stamp?: string): readonly Operation[] {
    const held: Operation[] = []
    for (const markers of this.#byKey.values()) {
      for (const marker of markers) {
        const { tags } = marker
        if (tags !== undefined && (tag === undefined ? tags.length === 0 : !tags.includes(tag))) continue
        marker.dead = true
        if (stamp !== undefined) (marker.overtakenBy ??= new Set()).add(stamp)
        if (marker.held) held.push(marker)
      }
    }
    return held
  }

  /** Notes that the invalidation with this stamp was called before all that is in flight, although its message was late. */
  wasEarlier(stamp: string): void {
    for (const markers of this.#byKey.values())
      for (const { overtakenBy } of markers) overtakenBy?.delete(stamp)
  }

  /** Returns the keys for which something is in flight. */
  keys(): readonly string[] {
    return [...this.#byKey.keys()]
  }

  /** Returns the open markers of a key. */
  of(key: string): readonly Operation[] {
    return [...(this.#byKey.get(key) ?? [])]
  }

  /** The number of open markers. */
  get size(): number {
    let size = 0
    for (const markers of this.#byKey.values()) size += markers.size
    return size
  }
}
