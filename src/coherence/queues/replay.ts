import type { Clock } from '../../core/time/clock.ts'
import type { RemoteStore } from '../../core/remote-store.ts'
import type { CallOrder } from '../order/call-order.ts'
import type { CallPlaces } from '../order/call-places.ts'
import type { LogFollowers } from '../log/log-followers.ts'
import type { Forgetting } from '../forgetting.ts'
import { isRefusal } from './refusal.ts'
import { replayOf, type Outbox, type Pending } from './outbox.ts'
import type { Suspects } from './suspects.ts'
import type { TagInvalidator } from '../tags/tag-invalidator.ts'

/** The parts that a replay uses. */
export interface ReplayParts {
  readonly remote: RemoteStore
  readonly outbox: Outbox
  readonly places: CallPlaces
  readonly suspects: Suspects
  readonly order: CallOrder
  readonly tags: TagInvalidator
  readonly following: LogFollowers
  readonly forgetting: Forgetting
  readonly clock: Clock
  /** Called with the number of forgotten duties if the server refuses queued operations. */
  forgotten(count: number, error: unknown): void
}

/** Keys of one call. */
const BATCH = 500
/** The pause before a refused item is sent again, in milliseconds. */
const REST_MS = 30_000
/** Refused keys after which a partition waits for the next heartbeat. */
const MOST_REFUSED = 20

/** Sends queued items once more, by partition and in batches. A refused item holds no other back. */
export class Replay {
  readonly #parts: ReplayParts
  #isRunning = false
  #again = false

  constructor(parts: ReplayParts) {
    this.#parts = parts
  }

  /** Sends all queued items. Failed ones stay queued. Never rejects. */
  async run(): Promise<void> {
    this.#again = this.#isRunning
    if (this.#isRunning) return
    this.#isRunning = true
    do {
      this.#again = false
      await Promise.all([this.#keys(), this.#parts.tags.replay(), this.#prefixes()])
      await this.#sweep()
    } while (this.#again)
    this.#isRunning = false
  }

  /** Sends the queued items of these keys, ahead of a call that needs the server's answer. Never rejects. */
  async settle(keys: readonly string[]): Promise<void> {
    const { outbox, clock } = this.#parts
    await this.#groups(outbox.dueOf(keys, clock.now()))
  }

  /**
   * Removes every key of a prefix, for the call with this place, and counts them. @throws if not all of it was done.
   */
  async prefix(prefix: string, place: number): Promise<number> {
    const { remote, outbox, following, forgetting } = this.#parts
    const forget = (): void => {
      following.flush()
      forgetting.prefix(prefix)
    }
    forget()
    try {
      const { count, heads } = await remote.deleteByPrefix(prefix)
      const entry = { kind: 'flush', item: '' } as const
      for (const partition of remote.partitions) following.note(partition, entry, heads.get(partition), true)
      outbox.acknowledgePrefix(prefix, place)
      return count
    } finally {
      forget()
    }
  }

  async #keys(): Promise<void> {
    const { outbox, clock } = this.#parts
    await this.#groups(outbox.due(clock.now()))
  }

  // Sends each partition on its own, because the server of one may be away.
  async #groups(groups: readonly (readonly Pending[])[]): Promise<void> {
    await Promise.all(groups.map(async (items) => this.#batches(items)))
  }

  async #batches(items: readonly Pending[]): Promise<void> {
    const budget = { left: MOST_REFUSED }
    for (let start = 0; start < items.length; start += BATCH)
      if (!(await this.#batch(items.slice(start, start + BATCH), budget))) return
  }

  // Sends a batch and returns whether to go on. Refused items are found by halves.
  async #batch(items: readonly Pending[], budget: { left: number }): Promise<boolean> {
    const failures = await this.#send(items)
    const refused = [...failures].filter(([, failure]) => isRefusal(failure)).map(([item]) => item)
    if (refused.length < failures.size) return false
    if (refused.length === 0) return true
    if (items.length === 1) {
      refused[0]!.restsUntilMs = this.#parts.clock.now() + REST_MS
      return --budget.left > 0
    }
    const half = refused.length >> 1
    return (
      (await this.#batch(refused.slice(0, half), budget)) && (await this.#batch(refused.slice(half), budget))
    )
  }

  // Sends the items that are still queued as they were, because another call may have made up for the rest. Returns the
  // failures.
  async #send(items: readonly Pending[]): Promise<ReadonlyMap<Pending, unknown>> {
    const { remote, outbox, places, order, following, forgetting } = this.#parts
    const failures = new Map<Pending, unknown>()
    const open = items.filter((item) => outbox.isOpen(item))
    if (open.length === 0) return failures
    const ops = open.flatMap((item) => replayOf(item).map((op) => ({ item, op })))
    const place = places.begin()
    for (const { key } of open) forgetting.key(key)
    const writing = remote.write(ops.map(({ op }) => op))
    const results = await order.called(open, writing)
    for (const [index, { item, op }] of ops.entries()) {
      const { failure } = results[index]!
      if (failure === undefined) following.noteExecuted(op, results[index]!)
      else failures.set(item, failure)
    }
    for (const item of open) {
      forgetting.key(item.key)
      if (!failures.has(item)) outbox.sent(item, place)
    }
    places.end(place)
    return failures
  }

  async #prefixes(): Promise<void> {
    const { outbox, places, forgotten } = this.#parts
    for (const prefix of outbox.duePrefixes()) {
      const place = places.begin()
      try {
        await this.prefix(prefix, place)
      } catch (error) {
        if (!isRefusal(error)) return
        outbox.acknowledgePrefix(prefix, place)
        forgotten(1, error)
      } finally {
        places.end(place)
      }
    }
  }

  // Invalidates the keys that match the suspects, one server after the other.
  async #sweep(): Promise<void> {
    const { remote, suspects, outbox, places, forgotten } = this.#parts
    for (const partition of suspects.owed) {
      // An earlier call may be making up for a suspect key.
      if (suspects.isEmpty || places.oldest <= suspects.addedAt) return
      if (!suspects.owed.includes(partition)) continue
      const { version } = suspects
      try {
        const swept = await remote.survey(partition, async (keys) => {
          await this.settle(keys)
          // Items that the server refuses, or has not answered for, are listed.
          for (const key of keys) if (outbox.isSuspect(key)) outbox.add(key, {}, places.last)
        })
        suspects.swept(swept, version)
      } catch (error) {
        if (isRefusal(error)) forgotten(suspects.refuse(), error)
      }
    }
  }
}
