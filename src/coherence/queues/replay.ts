import { change } from '../change.ts'
import type { Beating } from '../log/heartbeat.ts'
import type { LogFollowers } from '../log/log-followers.ts'
import type { NodeState } from '../node-state.ts'
import type { CallOrder } from '../order/call-order.ts'
import { isRefusal } from './refusal.ts'
import { replayOf, type Outbox, type Pending } from './outbox.ts'
import type { Suspects } from './suspects.ts'
import type { TagInvalidator } from '../tags/tag-invalidator.ts'

/** The entry of a deletion by prefix in the log. */
const FLUSH = { kind: 'flush', item: '' } as const
/** Keys of one call. */
const BATCH = 500
/** The pause before a refused item is sent again, in milliseconds. */
const REST_MS = 30_000
/** Refused keys after which a partition waits for the next heartbeat. */
const MOST_REFUSED = 20

/** Sends queued items once more, by partition and in batches. A refused item holds no other back. */
export class Replay implements Beating {
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #suspects: Suspects
  readonly #order: CallOrder
  readonly #tags: TagInvalidator
  readonly #followers: LogFollowers
  readonly #forgotten: (count: number, error: unknown) => void
  #isRunning = false
  #again = false
  #attempt: { readonly ended: Promise<void>; end(): void } | undefined

  /** `forgotten` is called with the number of forgotten duties if the server refuses queued operations. */
  constructor(
    state: NodeState,
    outbox: Outbox,
    suspects: Suspects,
    order: CallOrder,
    tags: TagInvalidator,
    followers: LogFollowers,
    forgotten: (count: number, error: unknown) => void,
  ) {
    this.#state = state
    this.#outbox = outbox
    this.#suspects = suspects
    this.#order = order
    this.#tags = tags
    this.#followers = followers
    this.#forgotten = forgotten
  }

  /** Whether somebody waits for an attempt. */
  get isAwaited(): boolean {
    return this.#attempt !== undefined
  }

  get isNeeded(): boolean {
    return !this.#outbox.isEmpty || !this.#state.table.queue.isEmpty
  }

  // No beat waits for a server that is away.
  beat(): void {
    if (this.isNeeded) void this.run()
    else this.endAttempt()
  }

  reconnected(): void {
    this.beat()
  }

  /** Returns a promise that settles when all queued items have been sent, whether or not the server has answered. */
  attempt(): Promise<void> {
    if (this.#attempt === undefined) {
      let end!: () => void
      const ended = new Promise<void>((resolve) => {
        end = resolve
      })
      this.#attempt = { ended, end }
    }
    return this.#attempt.ended
  }

  /** Sends what is queued within the deadline of a call, because no beat will. Never rejects. */
  async last(): Promise<void> {
    const { time } = this.#state
    if (this.isNeeded) {
      const ended = this.attempt()
      void this.run()
      await time.inTime(ended, time.end()).catch(() => undefined)
    }
    this.endAttempt()
  }

  /** Ends the attempt that is waited for. */
  endAttempt(): void {
    this.#attempt?.end()
    this.#attempt = undefined
  }

  /** Sends all queued items. Failed ones stay queued. Never rejects. */
  async run(): Promise<void> {
    this.#again = this.#isRunning
    if (this.#isRunning) return
    this.#isRunning = true
    do {
      this.#again = false
      await Promise.all([this.#keys(), this.#tags.replay(), this.#prefixes()])
      await this.#sweep()
    } while (this.#again)
    this.#isRunning = false
    this.endAttempt()
  }

  /** Sends the queued items of these keys, ahead of a call that needs the server's answer. Never rejects. */
  async settle(keys: readonly string[]): Promise<void> {
    await this.#groups(this.#outbox.dueOf(keys, this.#state.clock.now()))
  }

  /** Removes every key of a prefix and counts them; `failed` queues it. @throws if not all of it was done. */
  async prefix(prefix: string, failed: (error: unknown, place: number) => void): Promise<number> {
    const { remote } = this.#state
    const { count } = await change(this.#state, {
      targets: [{ kind: 'prefix', item: prefix }],
      send: () => remote.deleteByPrefix(prefix),
      read: ({ heads }, _, place) => {
        for (const partition of remote.partitions)
          this.#followers.note(partition, FLUSH, heads.get(partition), true)
        this.#outbox.acknowledgePrefix(prefix, place)
      },
      failed: (_, error, place) => failed(error, place),
    })
    return count
  }

  async #keys(): Promise<void> {
    await this.#groups(this.#outbox.due(this.#state.clock.now()))
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
      refused[0]!.restsUntilMs = this.#state.clock.now() + REST_MS
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
    const failures = new Map<Pending, unknown>()
    const open = items.filter((item) => this.#outbox.isOpen(item))
    if (open.length === 0) return failures
    const ops = open.map(replayOf)
    await change(this.#state, {
      targets: open.map(({ key }) => ({ kind: 'key', item: key })),
      send: async () => {
        const results = await this.#order.called(open, this.#state.remote.write(ops.flat()))
        let position = 0
        return ops.map((own) => own.map((op) => ({ op, result: results[position++]! })))
      },
      read: (answers, index, place) => {
        const item = open[index]!
        for (const { op, result } of answers[index]!) {
          if (result.failure === undefined) this.#followers.noteExecuted(op, result, true)
          else failures.set(item, result.failure)
        }
        if (!failures.has(item)) this.#outbox.sent(item, place)
        return failures.get(item)
      },
    })
    return failures
  }

  async #prefixes(): Promise<void> {
    for (const prefix of this.#outbox.duePrefixes()) {
      let isAway = false
      const failed = (error: unknown, place: number): void => {
        isAway = !isRefusal(error)
        if (isAway) return
        this.#outbox.acknowledgePrefix(prefix, place)
        this.#forgotten(1, error)
      }
      await this.prefix(prefix, failed).catch(() => undefined)
      if (isAway) return
    }
  }

  // Invalidates the keys that match the suspects, one server after the other.
  async #sweep(): Promise<void> {
    const { remote, places } = this.#state
    const suspects = this.#suspects
    const outbox = this.#outbox
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
        if (isRefusal(error)) this.#forgotten(suspects.refuse(), error)
      }
    }
  }
}
