import { isPromise } from '../core/promise.ts'
import type { Head, RemoteOp, RemoteResult } from '../core/remote-store.ts'
import type { InvalidateOptions, Op } from '../core/store.ts'
import { NO_TAGS } from '../keys/tags.ts'
import { change, giveUp } from './change.ts'
import type { Operation } from './in-flight.ts'
import type { LocalEntries } from './local-entries.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { NodeState, Target } from './node-state.ts'
import type { CallOrder } from './order/call-order.ts'
import { queueOptions, type Outbox } from './queues/outbox.ts'
import { isRefusal } from './queues/refusal.ts'
import type { Replay } from './queues/replay.ts'
import type { CallMoment, TaggedCalls, Written } from './tags/tagged-calls.ts'

/** The result of an invalidation of keys. */
export interface KeysInvalidated {
  readonly l2: 'acked' | 'queued' | 'dropped'
  readonly heads: readonly (Head | undefined)[]
  readonly removed: number
  readonly error?: unknown
}

/** Changes keys on the server. Queues the changes that it has not acknowledged. */
export class Changes {
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #replay: Replay
  readonly #order: CallOrder
  readonly #calls: TaggedCalls
  readonly #followers: LogFollowers
  readonly #entries: LocalEntries

  constructor(
    state: NodeState,
    outbox: Outbox,
    replay: Replay,
    order: CallOrder,
    calls: TaggedCalls,
    followers: LogFollowers,
    entries: LocalEntries,
  ) {
    this.#state = state
    this.#outbox = outbox
    this.#replay = replay
    this.#order = order
    this.#calls = calls
    this.#followers = followers
    this.#entries = entries
  }

  /** Executes changes. A failed one is queued as an invalidation. @throws if the server does not answer. */
  write(ops: readonly Op[]): Promise<readonly Written[]> {
    return this.#isPlain(ops) ? this.#writePlainly(ops) : this.#write(ops)
  }

  // Whether sending the changes is all there is to do, because nothing is kept here or queued, and no tag matters.
  #isPlain(ops: readonly Op[]): ops is readonly PlainOp[] {
    if (this.#state.local !== undefined || !this.#outbox.isEmpty) return false
    for (const { kind, tags } of ops) {
      if ((kind !== 'set' && kind !== 'increment') || (tags !== undefined && tags.length > 0)) return false
    }
    return true
  }

  // Does what `change` does, without the objects that it takes, because each write of a node without a tier passes here.
  async #writePlainly(ops: readonly PlainOp[]): Promise<readonly Written[]> {
    const { remote, inFlight, places, time } = this.#state
    const calls = this.#calls
    inFlight.killEach(ops)
    const place = places.begin()
    try {
      const untilMs = time.end(ops.length)
      const { since } = calls
      let results = await remote.write(ops)
      for (const { differs } of results)
        if (differs === true) results = await calls.judge(ops, results, { untilMs, since })
      for (let index = 0; index < ops.length; index++) {
        if (results[index]!.failure !== undefined) this.#queueFailed(ops[index]!, place)
        // An earlier call may have been given up meanwhile.
        else if (results[index]!.outdated !== true) this.#outbox.acknowledge(ops[index]!, place)
      }
      return answered(results)
    } finally {
      inFlight.killEach(ops)
      places.end(place)
    }
  }

  // The removal of suspect keys is acknowledged before anything is stored, and each queued one before an add, which
  // depends on the server's entry.
  #write(ops: readonly Op[]): Promise<readonly Written[]> {
    const outbox = this.#outbox
    const owed = outbox.isEmpty
      ? NO_OPS
      : ops.filter(({ kind, key }) =>
          kind === 'add' ? outbox.has(key) : kind === 'set' && outbox.isSuspect(key),
        )
    if (owed.length === 0) return this.#send(ops, true)
    for (const op of ops) this.#state.forget(keyTarget(op))
    const settled = this.#replay.settle(owed.map(({ key }) => key))
    const answer = settled.then(async () => this.#send(ops, false))
    this.#order.hold(answer)
    return this.#order.inTime(ops.length, answer, (error) => this.giveUp(ops, error))
  }

  // `isFirst`: it is part of the call itself, so that later calls wait until it is sent.
  async #send(ops: readonly Op[], isFirst: boolean): Promise<readonly Written[]> {
    const { inFlight, time, clock } = this.#state
    const calls = this.#calls
    const writes = ops.map((op) =>
      isStoring(op) ? inFlight.open(op.key, { tags: op.tags ?? NO_TAGS }) : undefined,
    )
    // For keys with a queued invalidation the server is out of date, so only operations that replace the entry are
    // sent.
    const [sent, held] = this.#parted(ops)
    const claimed = sent.flatMap((index) => this.#outbox.current(ops[index]!.key) ?? [])
    for (const item of claimed) item.claims++
    const startedAtMs = clock.now()
    const moment = { untilMs: time.end(ops.length), since: calls.since }
    const answers = ops.map((): Written => ({ ok: false, unavailable: true }))
    try {
      await change(this.#state, {
        targets: sent.map((index) => keyTarget(ops[index]!)),
        writes: sent.map((index) => writes[index]),
        send: (place) => {
          // Earlier items are queued anew for the held operations, so that no acknowledgement of an earlier call counts
          // for them.
          this.#giveUp(
            held.map((index) => ops[index]!),
            place,
          )
          return this.#execute(
            sent.map((index) => [ops[index]!, writes[index]] as const),
            moment,
            isFirst,
          )
        },
        read: (results, position, place) => {
          const index = sent[position]!
          answers[index] = results[position]!
          return this.#read(ops[index]!, results[position]!, place)
        },
        leaves: (position, results) =>
          ops[sent[position]!]!.kind === 'add' &&
          (results === undefined || results[position]!.present === true),
        keep: (results, position) => {
          const index = sent[position]!
          const op = ops[index]!
          if (isStoring(op)) this.#entries.written(writes[index]!, op, results[position]!, startedAtMs)
        },
        failed: (position, _, place) => this.#queueFailed(ops[sent[position]!]!, place),
      })
      await calls.hideInvisible(ops, answers, moment.untilMs, moment.since)
      await calls.prolong(ops, answers, moment.untilMs)
    } finally {
      for (const item of claimed) item.claims--
      for (const marker of writes) if (marker !== undefined) inFlight.close(marker)
    }
    return answered(answers)
  }

  #execute(
    writes: readonly (readonly [op: Op, marker: Operation | undefined])[],
    moment: CallMoment,
    isFirst: boolean,
  ): PromiseLike<readonly RemoteResult[]> {
    const { remote } = this.#state
    const ready = this.#calls.remoteOps(writes, moment.untilMs)
    const isPrompt = !isPromise(ready)
    const execute = (all: readonly RemoteOp[]): Promise<readonly RemoteResult[]> =>
      this.#calls.execute(all, moment, isPrompt)
    const executing = isPrompt ? execute(ready) : ready.then(execute)
    // A step with tags is sent twice if it meets an entry with other ones, and an add if it meets an invisible one. Of a
    // large change only a part is sent first.
    if (isFirst && writes.some(([op]) => isTaggedStep(op) || op.kind === 'add')) this.#order.hold(executing)
    else if (isFirst && !isPrompt)
      this.#order.hold(ready.then(() => (remote.hasUnsent === true ? executing : undefined)))
    return executing
  }

  // Notes an executed operation, and returns the reason if it was not.
  #read(op: Op, result: RemoteResult, place: number): unknown {
    if (result.failure !== undefined) return result.failure
    if (result.outdated !== true && (op.kind !== 'add' || result.ok)) this.#outbox.acknowledge(op, place)
    this.#followers.noteExecuted(op, result, true)
    return undefined
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
    this.#giveUp(ops)
    throw error
  }

  /** Queues an invalidation whose turn has not come in time. */
  giveUpInvalidation(keys: readonly string[], options: InvalidateOptions, error: Error): KeysInvalidated {
    this.#giveUp(keys.map((key) => ({ kind: 'delete', key, ...options })))
    return { l2: this.#outcomeOf(keys), heads: keys.map(() => undefined), removed: 0, error }
  }

  /** Queues the deletion of a prefix whose turn has not come in time. @throws the reason */
  giveUpPrefix(prefix: string, error: Error): never {
    const failed = (_: number, __: unknown, place: number): void => this.#outbox.addPrefix(prefix, place)
    giveUp(this.#state, { targets: [{ kind: 'prefix', item: prefix }], failed }, error)
    throw error
  }

  /**
   * Removes every key of a prefix and counts them. Without an answer it is queued. @throws if not all of it was done.
   */
  deleteByPrefix(prefix: string): Promise<number> {
    return this.#replay.prefix(prefix, (error, place) => {
      // A refused operation is not queued, because the server would refuse it again.
      if (!isRefusal(error)) this.#outbox.addPrefix(prefix, place)
    })
  }

  #giveUp(ops: readonly Op[], place?: number): void {
    const failed = (index: number, _: unknown, at: number): void => this.#queueFailed(ops[index]!, at)
    giveUp(this.#state, { targets: ops.map(keyTarget), failed }, undefined, place)
  }

  // Returns the positions of the operations that are sent, and of those that are held back.
  #parted(ops: readonly Op[]): readonly [sent: readonly number[], held: readonly number[]] {
    const positions = [...ops.keys()]
    const outbox = this.#outbox
    if (outbox.isEmpty) return [positions, NONE]
    const isSent = ops.map((op) => !outbox.has(op.key) || this.#replaces(op))
    return [positions.filter((index) => isSent[index]), positions.filter((index) => !isSent[index])]
  }

  #replaces({ kind, key }: Op): boolean {
    const outbox = this.#outbox
    if (kind === 'delete') return true
    return kind === 'set' && !outbox.isCovered(key) && !outbox.isSuspect(key)
  }

  // Returns the outcome for keys whose invalidation has failed.
  #outcomeOf(keys: readonly string[]): 'queued' | 'dropped' {
    return keys.every((key) => this.#outbox.has(key)) ? 'queued' : 'dropped'
  }

  // A step or an add makes no older value invalid. The entry may be that of another process which added it first.
  #queueFailed(op: Op, place: number): void {
    if (op.kind !== 'increment' && op.kind !== 'add') this.#outbox.add(op.key, queueOptions(op), place)
  }
}

const NO_OPS: readonly Op[] = []
const NONE: readonly number[] = []

/** An operation without tags, which is the same to the server as it is here. */
type PlainOp = Extract<Op, { readonly kind: 'set' | 'increment' }>

function keyTarget({ key }: Pick<Op, 'key'>): Target {
  return { kind: 'key', item: key }
}

function isStoring(op: Op): op is Extract<Op, { readonly kind: 'set' | 'add' }> {
  return op.kind === 'set' || op.kind === 'add'
}

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
