import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { EntrySettings, Op, OpResult, Reading } from '../core/store.ts'
import type { Runtime } from './runtime.ts'

/** A value to be stored under a full key; a ttl of zero or less means that it has expired already. */
export interface Write {
  readonly key: string
  readonly value: unknown
  readonly settings: EntrySettings
}

/** What became of a value that was set. */
export interface SetResult {
  /** Whether it is in the store. */
  readonly stored: boolean
  /**
   * Why not: there is something newer by its row version, it can't be kept as it is, the store keeps no value like it
   * (one that is too heavy), or the store is in trouble.
   */
  readonly reason?: 'outdated' | 'unstorable' | 'refused' | 'unavailable'
}

/** The result of a `setMany`: how many values are in the store, and how many are not, by reason. */
export interface SetManyResult {
  /** Values that are in the store. */
  readonly stored: number
  /** Values for which there is something newer by its row version. */
  readonly outdated: number
  /** Values that can't be kept as they are. */
  readonly unstorable: number
  /** Values that the store keeps none like. */
  readonly refused: number
  /** Values for which the store did not answer; their old entries are invalidated as soon as it does. */
  readonly unavailable: number
}

const STORED: SetResult = Object.freeze({ stored: true })

/** Brings changes to the store; a store in trouble answers `undefined`. */
export class Writer {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** What became of a value. What can't be kept, or has expired already, removes the old entry instead. */
  setOne(operation: string, key: string, value: unknown, settings: EntrySettings): MaybePromise<SetResult> {
    const op = this.#opOf(operation, key, value, settings)
    const results = this.run(operation, [op])
    if (isPromise(results)) return results.then((settled) => this.#judge(settings.ttlMs, op, settled?.[0]))
    return this.#judge(settings.ttlMs, op, results?.[0])
  }

  /** Sets several values, as {@link Writer.setOne} sets one. */
  setAll(operation: string, writes: readonly Write[]): MaybePromise<SetManyResult> {
    const ops = writes.map(({ key, value, settings }) => this.#opOf(operation, key, value, settings))
    const results = this.run(operation, ops)
    const judge = (settled: readonly OpResult[] | undefined): SetManyResult => {
      const counts = { stored: 0, outdated: 0, unstorable: 0, refused: 0, unavailable: 0 }
      for (const [index, { settings }] of writes.entries())
        counts[this.#judge(settings.ttlMs, ops[index]!, settled?.[index]).reason ?? 'stored']++
      return counts
    }
    return isPromise(results) ? results.then(judge) : judge(results)
  }

  /** Removes keys that a reader sees, or hides, and counts those that existed. */
  async remove(operation: string, keys: readonly string[], reading: Reading | undefined): Promise<number> {
    const results = await this.run(
      operation,
      keys.map((key) => ({ kind: 'delete', key, ...reading })),
    )
    const removed = results?.filter(({ ok }) => ok).length ?? 0
    this.#runtime.counters.invalidations += removed
    return removed
  }

  /** Executes one change. */
  async one(operation: string, op: Op): Promise<OpResult | undefined> {
    const results = this.run(operation, [op])
    return (isPromise(results) ? await results : results)?.[0]
  }

  /** Executes changes, in their order for each key. */
  run(operation: string, ops: readonly Op[]): MaybePromise<readonly OpResult[] | undefined> {
    const { store, trouble } = this.#runtime
    const writing = trouble.attempt(operation, () => store.write(ops))
    if (ops.length === 1) return writing
    return isPromise(writing)
      ? writing.then((results) => this.#heed(operation, results))
      : this.#heed(operation, writing)
  }

  // Some of several operations may have failed.
  #heed(operation: string, results: readonly OpResult[] | undefined): readonly OpResult[] | undefined {
    const failed = results?.find(({ failure }) => failure !== undefined)
    if (failed !== undefined) this.#runtime.trouble.failed(operation, failed.failure)
    return results
  }

  #opOf(
    operation: string,
    key: string,
    value: unknown,
    { ttlMs, tags, graceMs, rowVersion, weight }: EntrySettings,
  ): Op {
    const admitted = this.#runtime.store.admit(value)
    // The old entry is not what the caller means any more: it goes, though the new one can't come.
    if (admitted.stored === undefined) this.#runtime.trouble.unstorable(operation, key, admitted.refused)
    else if (ttlMs > 0)
      return { kind: 'set', key, stored: admitted.stored, ttlMs, tags, graceMs, rowVersion, weight }
    return { kind: 'delete', key }
  }

  #judge(ttlMs: number, { kind }: Op, result: OpResult | undefined): SetResult {
    if (result === undefined || result.unavailable === true) return { stored: false, reason: 'unavailable' }
    if (kind !== 'set') return ttlMs > 0 ? { stored: false, reason: 'unstorable' } : STORED
    if (!result.ok) return { stored: false, reason: result.outdated === true ? 'outdated' : 'refused' }
    this.#runtime.counters.writes++
    return STORED
  }
}
