import type { Clock } from '../core/time/clock.ts'
import type { Head, RemoteOp, RemoteResult, RemoteStore } from '../core/remote-store.ts'
import { isPromise } from '../core/promise.ts'
import type { InvalidateOptions, Op } from '../core/store.ts'
import { NO_TAGS } from '../keys/tags.ts'
import type { CallOrder } from './order/call-order.ts'
import type { CallPlaces } from './order/call-places.ts'
import type { CallTime } from './order/call-time.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { Forgetting } from './forgetting.ts'
import type { LocalEntries } from './local-entries.ts'
import type { LocalTier } from './local-tier.ts'
import type { InFlight } from './in-flight.ts'
import { queueOptions, type Outbox, type QueueOptions } from './queues/outbox.ts'
import { isRefusal } from './queues/refusal.ts'
import type { Replay } from './queues/replay.ts'
import type { TaggedCalls, Written } from './tags/tagged-calls.ts'

/** The parts that changes of keys use. */
export interface ChangeParts {
  readonly remote: RemoteStore
  readonly local: LocalTier | undefined
  readonly markers: InFlight
  readonly outbox: Outbox
  readonly places: CallPlaces
  readonly order: CallOrder
  readonly replay: Replay
  readonly calls: TaggedCalls
  readonly keeper: LocalEntries
  readonly following: LogFollowers
  readonly forgetting: Forgetting
  readonly clock: Clock
  readonly time: CallTime
}

/** The result of an invalidation of keys. */
export interface KeysInvalidated {
  readonly l2: 'acked' | 'queued' | 'dropped'
  readonly heads: readonly (Head | undefined)[]
  readonly removed: number
  readonly error?: unknown
}

/** Changes keys on the server. Queues the changes that it has not acknowledged. */
export class Changes {
  readonly #parts: ChangeParts

  constructor(parts: ChangeParts) {
    this.#parts = parts
  }

  /** Executes changes. A failed one is queued as an invalidation. @throws if the server does not answer. */
  write(ops: readonly Op[]): Promise<readonly Written[]> {
    return this.#isPlain(ops) ? this.#writePlainly(ops) : this.#write(ops)
  }

  // Whether sending the changes is all there is to do, because nothing is kept here or queued, and no tag matters.
  #isPlain(ops: readonly Op[]): ops is readonly PlainOp[] {
    if (this.#parts.local !== undefined || !this.#parts.outbox.isEmpty) return false
    for (const { kind, tags } of ops) {
      if ((kind !== 'set' && kind !== 'increment') || (tags !== undefined && tags.length > 0)) return false
    }
    return true
  }

  async #writePlainly(ops: readonly PlainOp[]): Promise<readonly Written[]> {
    const { remote, forgetting, outbox, places, calls, time } = this.#parts
    forgetting.loads(ops)
    const place = places.begin()
    const untilMs = time.end(ops.length)
    const { since } = calls
    let results = await remote.write(ops)
    for (const { differs } of results)
      if (differs === true) results = await calls.judge(ops, results, { untilMs, since })
    places.end(place)
    for (let index = 0; index < ops.length; index++) {
      if (results[index]!.failure !== undefined) this.#queueFailed(ops[index]!, place)
      // An earlier call may have been given up meanwhile.
      else if (!outbox.isEmpty && results[index]!.outdated !== true) outbox.acknowledge(ops[index]!, place)
    }
    forgetting.loads(ops)
    return answered(results)
  }

  // The removal of suspect keys is acknowledged before anything is stored.
  #write(ops: readonly Op[]): Promise<readonly Written[]> {
    const { outbox, order, replay, forgetting } = this.#parts
    const suspects = outbox.isEmpty
      ? NO_OPS
      : ops.filter(({ kind, key }) => kind === 'set' && outbox.isSuspect(key))
    if (suspects.length === 0) return this.#send(ops, true)
    for (const { key } of ops) forgetting.key(key)
    const settled = replay.settle(suspects.map(({ key }) => key))
    const answer = settled.then(async () => this.#send(ops, false))
    order.hold(answer)
    return order.inTime(ops.length, answer, (error) => this.giveUp(ops, error))
  }

  // `isFirst`: it is part of the call itself, so that later calls wait until it is sent.
  async #send(ops: readonly Op[], isFirst: boolean): Promise<readonly Written[]> {
    const {
      remote,
      markers: opened,
      outbox,
      places,
      order,
      calls,
      keeper,
      following,
      forgetting,
      clock,
      time,
    } = this.#parts
    const markers = ops.map((op) =>
      op.kind === 'set' ? opened.open(op.key, { tags: op.tags ?? NO_TAGS }) : undefined,
    )
    for (const [index, op] of ops.entries()) forgetting.key(op.key, markers[index])
    // For keys with a queued invalidation the server is out of date, so only operations that replace the entry are
    // sent.
    const [sent, held] = this.#parted(ops)
    const claimed = sent.flatMap((index) => outbox.current(ops[index]!.key) ?? [])
    for (const item of claimed) item.claims++
    const place = places.begin()
    // Earlier items are queued anew for the held operations, so that no acknowledgement of an earlier call counts for
    // them.
    for (const index of held) this.#queueFailed(ops[index]!, place)
    const startedAtMs = clock.now()
    const { since } = calls
    const untilMs = time.end(ops.length)
    const answers = ops.map((): Written => ({ ok: false, unavailable: true }))
    try {
      const ready = calls.remoteOps(
        sent.map((index) => [ops[index]!, markers[index]] as const),
        untilMs,
      )
      const execute = (all: readonly RemoteOp[]): Promise<readonly RemoteResult[]> =>
        calls.execute(all, { untilMs, isPrompt: !isPromise(ready), since })
      // A step with tags is sent twice if it meets an entry with other ones. Of a large change only a part is sent
      // first.
      const isSentTwice = ops.some(isTaggedStep)
      const executing = isPromise(ready) ? ready.then(execute) : execute(ready)
      if (isFirst && isSentTwice) order.hold(executing)
      else if (isFirst && isPromise(ready))
        order.hold(ready.then(() => (remote.hasUnsent === true ? executing : undefined)))
      const written = await executing
      const remoteOps = isPromise(ready) ? await ready : ready
      for (const [position, index] of sent.entries()) {
        const op = ops[index]!
        const result = written[position]!
        answers[index] = result
        if (result.failure !== undefined) {
          this.#queueFailed(op, place)
          forgetting.key(op.key)
          continue
        }
        if (result.outdated !== true) outbox.acknowledge(op, place)
        following.noteExecuted(remoteOps[position]!, result, true)
        forgetting.key(op.key, markers[index])
        if (op.kind === 'set') keeper.written(markers[index]!, op, result, startedAtMs)
      }
      await calls.hideInvisible(ops, answers, untilMs, since)
      await calls.prolong(ops, answers, untilMs)
    } catch (error) {
      for (const index of sent) {
        this.#queueFailed(ops[index]!, place)
        forgetting.key(ops[index]!.key)
      }
      throw error
    } finally {
      for (const item of claimed) item.claims--
      places.end(place)
      for (const marker of markers) if (marker !== undefined) opened.close(marker)
    }
    return answered(answers)
  }

  async invalidate(keys: readonly string[], options: InvalidateOptions): Promise<KeysInvalidated> {
    try {
      const results = await this.write(keys.map((key) => ({ kind: 'delete', key, ...options })))
      const failed = results.filter(({ failure }) => failure !== undefined)
      return {
        ...(failed.length > 0 && { error: failed[0]!.failure }),
        l2:
          failed.length === 0
            ? 'acked'
            : this.#outcomeOf(keys.filter((_, index) => results[index]!.failure !== undefined)),
        heads: results.map(({ head }) => head),
        removed: results.filter(({ ok }) => ok).length,
      }
    } catch (error) {
      return { l2: this.#outcomeOf(keys), heads: keys.map(() => undefined), removed: 0, error }
    }
  }

  /** Queues changes whose turn has not come in time. @throws the reason */
  giveUp(ops: readonly Op[], error: Error): never {
    const { places, forgetting } = this.#parts
    for (const op of ops) {
      this.#queueFailed(op, places.last)
      forgetting.key(op.key)
    }
    throw error
  }

  /** Queues an invalidation whose turn has not come in time. */
  giveUpInvalidation(keys: readonly string[], options: InvalidateOptions, error: Error): KeysInvalidated {
    const { places, forgetting } = this.#parts
    for (const key of keys) {
      this.#queue(key, options, places.last)
      forgetting.key(key)
    }
    return { l2: this.#outcomeOf(keys), heads: keys.map(() => undefined), removed: 0, error }
  }

  /** Queues the deletion of a prefix whose turn has not come in time. @throws the reason */
  giveUpPrefix(prefix: string, error: Error): never {
    const { outbox, places, forgetting, following } = this.#parts
    outbox.addPrefix(prefix, places.last)
    following.flush()
    forgetting.prefix(prefix)
    following.wake()
    throw error
  }

  /**
   * Removes every key of a prefix and counts them. Without an answer it is queued. @throws if not all of it was done.
   */
  async deleteByPrefix(prefix: string): Promise<number> {
    const { outbox, places, replay } = this.#parts
    const place = places.begin()
    try {
      return await replay.prefix(prefix, place)
    } catch (error) {
      // A refused operation is not queued, because the server would refuse it again.
      if (!isRefusal(error)) outbox.addPrefix(prefix, place)
      this.#parts.following.wake()
      throw error
    } finally {
      places.end(place)
    }
  }

  // Returns the positions of the operations that are sent, and of those that are held back.
  #parted(ops: readonly Op[]): readonly [sent: readonly number[], held: readonly number[]] {
    const positions = [...ops.keys()]
    const { outbox } = this.#parts
    if (outbox.isEmpty) return [positions, NONE]
    const isSent = ops.map((op) => !outbox.has(op.key) || this.#replaces(op))
    return [positions.filter((index) => isSent[index]), positions.filter((index) => !isSent[index])]
  }

  #replaces({ kind, key }: Op): boolean {
    const { outbox } = this.#parts
    if (kind === 'delete') return true
    return kind === 'set' && !outbox.isCovered(key) && !outbox.isSuspect(key)
  }

  // Returns the outcome for keys whose invalidation has failed.
  #outcomeOf(keys: readonly string[]): 'queued' | 'dropped' {
    return keys.every((key) => this.#parts.outbox.has(key)) ? 'queued' : 'dropped'
  }

  #queueFailed(op: Op, place: number): void {
    if (op.kind !== 'increment') this.#queue(op.key, queueOptions(op), place)
  }

  #queue(key: string, options: QueueOptions, place: number): void {
    this.#parts.outbox.add(key, options, place)
    this.#parts.following.wake()
  }
}

const NO_OPS: readonly Op[] = []
const NONE: readonly number[] = []

/** An operation without tags, which is the same to the server as it is here. */
type PlainOp = Extract<Op, { readonly kind: 'set' | 'increment' }>

function isTaggedStep({ kind, tags }: Op): boolean {
  return kind === 'increment' && tags !== undefined && tags.length > 0
}

// @throws the failure if all operations have failed.
function answered(results: readonly Written[]): readonly Written[] {
  const [first] = results
  if (first?.failure !== undefined && results.every(({ failure }) => failure !== undefined))
    throw first.failure
  return results
}
