import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { EntrySettings, Op, OpResult, Reading } from '../core/store.ts'
import { forgetting } from './request-scope.ts'
import type { Runtime } from './runtime.ts'

/** A value to be stored under a full key; a ttl of zero or less means that it has expired already. */
export interface Write extends EntrySettings {
  readonly key: string
  readonly value: unknown
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
  /** Whether as many replicas as the store waits for have acknowledged it. */
  readonly replicated?: boolean
}

const STORED: SetResult = Object.freeze({ stored: true })

/** Brings changes to the store; a store in trouble answers `undefined`. */
export class Writer {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Whether every value was stored. What can't be kept, or has expired already, removes the old entry instead. */
  set(operation: string, writes: readonly Write[]): MaybePromise<boolean> {
    const results = this.setFully(operation, writes)
    const all = (settled: readonly SetResult[]): boolean => settled.every(({ stored }) => stored)
    return isPromise(results) ? results.then(all) : all(results)
  }

  /** What became of each value. */
  setFully(operation: string, writes: readonly Write[]): MaybePromise<readonly SetResult[]> {
    const ops = writes.map((write) => this.#opOf(operation, write))
    const results = this.run(operation, ops)
    const judge = (settled: readonly OpResult[] | undefined): readonly SetResult[] =>
      writes.map((write, index) => this.#judge(write, ops[index]!, settled?.[index]))
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
    const { store, trouble, request } = this.#runtime
    const write = (): MaybePromise<readonly OpResult[] | undefined> =>
      trouble.attempt(operation, () => store.write(ops))
    if (request === undefined) return write()
    return forgetting(
      request,
      ops.map(({ key }) => key),
      write,
    )
  }

  #opOf(operation: string, { key, value, ttlMs, tags, graceMs, rowVersion, weight }: Write): Op {
    const admitted = this.#runtime.store.admit(value)
    // The old entry is not what the caller means any more: it goes, though the new one can't come.
    if (admitted.stored === undefined) this.#runtime.trouble.unstorable(operation, key, admitted.refused)
    else if (ttlMs > 0)
      return { kind: 'set', key, stored: admitted.stored, ttlMs, tags, graceMs, rowVersion, weight }
    return { kind: 'delete', key }
  }

  #judge({ ttlMs }: Write, { kind }: Op, result: OpResult | undefined): SetResult {
    if (result === undefined || result.unavailable === true) return { stored: false, reason: 'unavailable' }
    if (kind !== 'set') return ttlMs > 0 ? { stored: false, reason: 'unstorable' } : STORED
    if (!result.ok) return { stored: false, reason: result.outdated === true ? 'outdated' : 'refused' }
    this.#runtime.counters.writes++
    return result.replicated === undefined ? STORED : { stored: true, replicated: result.replicated }
  }
}
