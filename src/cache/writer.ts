import { isPromise, type MaybePromise } from '../core/promise.ts'
import type { EntrySettings, Op, OpResult } from '../core/store.ts'
import { forgetting } from './request-scope.ts'
import type { Runtime } from './scope.ts'

/** A value to be stored under a full key; a ttl of zero or less means that it has expired already. */
export interface Write extends EntrySettings {
  readonly key: string
  readonly value: unknown
}

/** Brings changes to the store; a store in trouble answers `undefined`. */
export class Writer {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Whether every value was stored. What can't be kept, or has expired already, removes the old entry instead. */
  set(operation: string, writes: readonly Write[]): MaybePromise<boolean> {
    let refused = false
    const ops = writes.map((write): Op => {
      const { key, value, ttlMs, tags } = write
      const admitted = this.#runtime.store.admit(value)
      if (admitted.stored !== undefined && ttlMs > 0)
        return { kind: 'set', key, stored: admitted.stored, ttlMs, tags }
      if (admitted.stored === undefined) {
        refused = true
        // The old entry is not what the caller means any more: it goes, though the new one can't come.
        this.#runtime.trouble.unstorable(operation, key, admitted.refused)
      }
      return { kind: 'delete', key }
    })
    const results = this.run(operation, ops)
    if (isPromise(results)) return results.then((settled) => this.#allStored(ops, settled) && !refused)
    return this.#allStored(ops, results) && !refused
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

  #allStored(ops: readonly Op[], results: readonly OpResult[] | undefined): boolean {
    if (results === undefined) return false
    let all = true
    for (const [index, op] of ops.entries()) {
      if (op.kind !== 'set') continue
      if (results[index]!.ok) this.#runtime.counters.writes++
      else all = false
    }
    return all
  }
}
