import type { Clock } from '../core/clock.ts'
import type { Head, RemoteStore } from '../core/remote-store.ts'
import type { InvalidateOptions, Op } from '../core/store.ts'
import { NO_TAGS } from '../core/tags.ts'
import type { Following } from './following.ts'
import type { Forgetting } from './forgetting.ts'
import type { Keeper } from './keeping.ts'
import type { LocalTier } from './local-tier.ts'
import type { Markers } from './markers.ts'
import { makesUpFor, queueOptions, replayOf, type Outbox, type QueueOptions } from './outbox.ts'
import type { TaggedCalls, Written } from './tagged-calls.ts'

/** What changing keys works with. */
export interface ChangeParts {
  readonly remote: RemoteStore
  readonly local: LocalTier | undefined
  readonly markers: Markers
  readonly outbox: Outbox
  readonly calls: TaggedCalls
  readonly keeper: Keeper
  readonly following: Following
  readonly forgetting: Forgetting
  readonly clock: Clock
}

/** What became of an invalidation of keys. */
export interface KeysInvalidated {
  readonly l2: 'acked' | 'queued'
  readonly heads: readonly (Head | undefined)[]
  readonly removed: number
  readonly error?: unknown
}

/** Changes keys on the server, and repeats what it has not acknowledged. */
export class Changes {
  readonly #parts: ChangeParts

  constructor(parts: ChangeParts) {
    this.#parts = parts
  }

  /** Executes changes; what fails is queued as an invalidation. @throws when the server does not answer. */
  write(ops: readonly Op[]): Promise<readonly Written[]> {
    return this.#isPlain(ops) ? this.#writePlainly(ops) : this.#write(ops)
  }

  // Nothing is kept here, nothing is queued, and no tag matters: what is sent is all that there is to do.
  #isPlain(ops: readonly Op[]): ops is readonly PlainOp[] {
    if (this.#parts.local !== undefined || this.#parts.outbox.size > 0) return false
    for (const { kind, tags } of ops) {
      if ((kind !== 'set' && kind !== 'increment') || (tags !== undefined && tags.length > 0)) return false
    }
    return true
  }

  async #writePlainly(ops: readonly PlainOp[]): Promise<readonly Written[]> {
    const { remote, forgetting } = this.#parts
    forgetting.loads(ops)
    const results = await remote.write(ops)
    for (let index = 0; index < ops.length; index++)
      if (results[index]!.failure !== undefined) this.#queueFailed(ops[index]!)
    forgetting.loads(ops)
    return answered(results)
  }

  async #write(ops: readonly Op[]): Promise<readonly Written[]> {
    const { markers: opened, outbox, calls, keeper, following, forgetting, clock } = this.#parts
    const markers = ops.map((op) =>
      op.kind === 'set' ? opened.open(op.key, { tags: op.tags ?? NO_TAGS }) : undefined,
    )
    const queued = ops.map((op) => outbox.current(op.key))
    // What is queued here is not what the server has: only what replaces it may be sent.
    const sent = [...ops.keys()].filter((index) => queued[index] === undefined || replaces(ops[index]!))
    const startedAtMs = clock.now()
    for (const [index, op] of ops.entries()) forgetting.key(op.key, markers[index])
    const answers = ops.map((): Written => ({ ok: false, unavailable: true }))
    try {
      const remoteOps = await calls.remoteOps(sent.map((index) => [ops[index]!, markers[index]] as const))
      const results = remoteOps.length === 0 ? [] : await calls.execute(remoteOps)
      for (const [position, index] of sent.entries()) {
        const op = ops[index]!
        const result = results[position]!
        answers[index] = result
        if (result.failure !== undefined) {
          this.#queueFailed(op)
          forgetting.key(op.key)
          continue
        }
        const item = queued[index]
        if (item !== undefined && result.outdated !== true && makesUpFor(op, item)) outbox.acknowledge(item)
        following.noteExecuted(remoteOps[position]!, result, startedAtMs)
        forgetting.key(op.key, markers[index])
        if (op.kind === 'set') keeper.written(markers[index]!, op, result, startedAtMs)
      }
      await calls.hideInvisible(ops, answers)
      await calls.prolong(ops, answers)
      // An acknowledgement of what was queued before does not count for what was held back now.
      for (const [index, { kind, key }] of ops.entries()) {
        if (queued[index] !== undefined && (kind === 'take' || kind === 'expire')) this.#queue(key)
      }
    } catch (error) {
      for (const index of sent) {
        this.#queueFailed(ops[index]!)
        forgetting.key(ops[index]!.key)
      }
      throw error
    } finally {
      for (const marker of markers) if (marker !== undefined) opened.close(marker)
    }
    return answered(answers)
  }

  async invalidate(keys: readonly string[], options: InvalidateOptions): Promise<KeysInvalidated> {
    try {
      const results = await this.write(keys.map((key) => ({ kind: 'delete', key, ...options })))
      const failed = results.find(({ failure }) => failure !== undefined)
      return {
        ...(failed !== undefined && { error: failed.failure }),
        l2: failed === undefined ? 'acked' : 'queued',
        heads: results.map(({ head }) => head),
        removed: results.filter(({ ok }) => ok).length,
      }
    } catch (error) {
      return { l2: 'queued', heads: keys.map(() => undefined), removed: 0, error }
    }
  }

  /** Removes every key of a prefix and counts them. @throws when not all of it was done. */
  async deleteByPrefix(prefix: string): Promise<number> {
    const { remote, following, forgetting, clock } = this.#parts
    forgetting.prefix(prefix)
    const startedAtMs = clock.now()
    try {
      const { count, heads } = await remote.deleteByPrefix(prefix)
      const entry = { kind: 'prefix', item: prefix } as const
      for (const partition of remote.partitions)
        following.note(partition, entry, heads.get(partition), startedAtMs)
      return count
    } finally {
      forgetting.prefix(prefix)
    }
  }

  /** Sends what is queued once more. @throws when the server does not answer. */
  async replay(): Promise<void> {
    const { remote, outbox, following, forgetting, clock } = this.#parts
    for (const item of outbox.items()) {
      forgetting.key(item.key)
      const ops = replayOf(item)
      const sentAtMs = clock.now()
      const results = await remote.write(ops)
      const failed = results.find(({ failure }) => failure !== undefined)
      if (failed !== undefined) throw failed.failure
      for (const [index, op] of ops.entries()) following.noteExecuted(op, results[index]!, sentAtMs)
      forgetting.key(item.key)
      outbox.acknowledge(item)
    }
  }

  #queueFailed(op: Op): void {
    if (op.kind !== 'increment') this.#queue(op.key, queueOptions(op))
  }

  #queue(key: string, options?: QueueOptions): void {
    this.#parts.outbox.add(key, options)
    this.#parts.following.wake()
  }
}

/** An operation without tags is the same to the server as it is here. */
type PlainOp = Extract<Op, { readonly kind: 'set' | 'increment' }>

// @throws the failure if there is nothing else.
function answered(results: readonly Written[]): readonly Written[] {
  const [first] = results
  if (first?.failure !== undefined && results.every(({ failure }) => failure !== undefined))
    throw first.failure
  return results
}

function replaces(op: Op): boolean {
  return op.kind === 'set' || op.kind === 'delete'
}
