import { isPromise } from '../core/promise.ts'
import type { Head } from '../core/remote/log.ts'
import type { RemoteOp, RemoteResult } from '../core/remote/operations.ts'
import type { InvalidateOptions, Op } from '../core/store.ts'
import { NO_TAGS } from '../keys/tags.ts'
import { change, giveUp } from './change.ts'
import type { Operation } from './in-flight.ts'
import type { LocalEntries } from './local-entries.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { NodeState, Target } from './node-state.ts'
import type { CallOrder } from './order/call-order.ts'
import { Turn } from './order/turn.ts'
import { queueOptions, type Outbox } from './queues/outbox.ts'
import { isRefusal } from './queues/refusal.ts'
import type { Replay } from './queues/replay.ts'
import type { CallMoment, TaggedWrites, Written } from './tags/tagged-writes.ts'

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
  readonly #tagged: TaggedWrites
  readonly #followers: LogFollowers
  readonly #entries: LocalEntries

  constructor(
    state: NodeState,
    outbox: Outbox,
    replay: Replay,
    order: CallOrder,
    tagged: TaggedWrites,
    followers: LogFollowers,
    entries: LocalEntries,
  ) {
    this.#state = state
    this.#outbox = outbox
    this.#replay = replay
    this.#order = order
    this.#tagged = tagged
    this.#followers = followers
    this.#entries = entries
  }

  /** Executes changes. A failed one is queued as an invalidation. @throws if the server does not answer. */
  write(ops: readonly Op[], turn?: Turn): Promise<readonly Written[]> {
    return this.#isPlain(ops) ? this.#writePlainly(ops, turn) : this.#write(ops, turn)
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
  async #writePlainly(ops: readonly PlainOp[], turn: Turn | undefined): Promise<readonly Written[]> {
    const { remote, inFlight, places, time, table } = this.#state
    const tagged = this.#tagged
    inFlight.killEach(ops)
    const place = places.begin()
    turn?.sent(place)
    try {
      const untilMs = time.end(ops.length)
      const since = table.version
      let results = await remote.write(ops)
      for (const { differs } of results)
        if (differs === true) results = await tagged.judge(ops, results, { untilMs, since })
      for (let index = 0; index < ops.length; index++) {
        const { failure, outdated } = results[index]!
        if (failure !== undefined) this.#queueFailed(ops[index]!, place, index, turn)
        // An earlier call may have been given up meanwhile.
        else if (outdated !== true) this.#outbox.acknowledge(ops[index]!, place)
      }
      return answered(results)
    } finally {
      inFlight.killEach(ops)
      places.end(place)
    }
  }

  // The removal of suspect keys is acknowledged before anything is stored, and each queued one before an add, which
  // depends on the server's entry.
  #write(ops: readonly Op[], turn: Turn | undefined): Promise<readonly Written[]> {
    const outbox = this.#outbox
    const owed = outbox.isEmpty
      ? NO_OPS
      : ops.filter(({ kind, key }) =>
          kind === 'add' ? outbox.has(key) : kind === 'set' && outbox.isSuspect(key),
        )
    if (owed.length === 0) return this.#send(ops, true, turn)
    for (const op of ops) this.#state.forget(keyTarget(op))
    const settled = this.#replay.settle(owed.map(({ key }) => key))
    const own = turn ?? new Turn()
    const answer = settled.then(async () => {
      // Later calls may have been given up as well. Their items must not count as made up for by this call.
      if (own.givenUp !== undefined) throw own.givenUp
      return this.#send(ops, false, own)
    })
    this.#order.hold(answer)
    return this.#order.inTime(ops.length, answer, own, (error) => this.giveUp(ops, error, own))
  }

  // `isFirst`: it is part of the call itself, so that later calls wait until it is sent.
  async #send(ops: readonly Op[], isFirst: boolean, turn: Turn | undefined): Promise<readonly Written[]> {
    const { inFlight, time, clock, table } = this.#state
    const tagged = this.#tagged
    const writes = ops.map((op) =>
      isStoring(op) ? inFlight.open(op.key, { tags: op.tags ?? NO_TAGS }) : undefined,
    )
    // For keys with a queued invalidation the server is out of date, so only operations that replace the entry are
    // sent.
    const [sent, held] = this.#parted(ops)
    const claimed = sent.flatMap((index) => this.#outbox.current(ops[index]!.key) ?? [])
    for (const item of claimed) item.claims++
    const startedAtMs = clock.now()
    const moment = { untilMs: time.end(ops.length), since: table.version }
    const answers = ops.map((): Written => ({ ok: false, unavailable: true }))
    try {
      await change(this.#state, {
        targets: sent.map((index) => keyTarget(ops[index]!)),
        writes: sent.map((index) => writes[index]),
        send: (place) => {
          turn?.sent(place)
          // Earlier items are queued anew for the held operations, so that no acknowledgement of an earlier call counts
          // for them.
          this.#giveUp(ops, held, place, turn)
          return this.#execute(
            sent.map((index) => [ops[index]!, writes[index]] as const),
            moment,
            isFirst,
          )
        },
        read: (results, position, place) => {
          const index = sent[position]!
          const failure = this.#read(ops[index]!, results[position]!, place)
          if (failure === undefined) turn?.acknowledge(index)
          answers[index] = results[position]!
          return failure
        },
        leaves: (position, results) =>
          ops[sent[position]!]!.kind === 'add' &&
          (results === undefined || results[position]!.present === true),
        keep: (results, position) => {
          const index = sent[position]!
          const op = ops[index]!
          if (isStoring(op)) this.#entries.written(writes[index]!, op, results[position]!, startedAtMs)
        },
        failed: (position, _, place) => {
          const index = sent[position]!
          this.#queueFailed(ops[index]!, place, index, turn)
        },
      })
      await tagged.hideInvisible(ops, answers, moment.untilMs, moment.since)
      await tagged.prolong(ops, answers, moment.untilMs)
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
    const ready = this.#tagged.remoteOps(writes, moment.untilMs)
    const isPrompt = !isPromise(ready)
    const execute = (all: readonly RemoteOp[]): Promise<readonly RemoteResult[]> =>
      this.#tagged.execute(all, moment, isPrompt)
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

  async invalidate(
    keys: readonly string[],
    options: InvalidateOptions,
    turn?: Turn,
  ): Promise<KeysInvalidated> {
    try {
      const results = await this.write(deletions(keys, options), turn)
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

  /** Queues changes that were not answered in time, or whose turn has not come. @throws the reason */
  giveUp(ops: readonly Op[], error: Error, turn: Turn): never {
    this.#giveUp(ops, [...ops.keys()], turn.place, turn)
    throw error
  }

  /** Queues an invalidation that was not answered in time, or whose turn has not come. */
  giveUpInvalidation(
    keys: readonly string[],
    options: InvalidateOptions,
    error: Error,
    turn: Turn,
  ): KeysInvalidated {
    this.#giveUp(deletions(keys, options), [...keys.keys()], turn.place, turn)
    const open = keys.filter((_, index) => !turn.isAcked(index))
    const heads = keys.map(() => undefined)
    return open.length === 0
      ? { l2: 'acked', heads, removed: 0 }
      : { l2: this.#outcomeOf(open), heads, removed: 0, error }
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

  #giveUp(
    ops: readonly Op[],
    indexes: readonly number[],
    place: number | undefined,
    turn: Turn | undefined,
  ): void {
    const failed = (position: number, _: unknown, at: number): void => {
      const index = indexes[position]!
      this.#queueFailed(ops[index]!, at, index, turn)
    }
    const targets = indexes.map((index) => keyTarget(ops[index]!))
    giveUp(this.#state, { targets, failed }, undefined, place)
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
  #queueFailed(op: Op, place: number, index: number, turn: Turn | undefined): void {
    if (op.kind === 'increment' || op.kind === 'add' || turn?.queue(index) === false) return
    this.#outbox.add(op.key, queueOptions(op), place)
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

function deletions(keys: readonly string[], options: InvalidateOptions): readonly Op[] {
  return keys.map((key) => ({ kind: 'delete', key, ...options }))
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
