import { isPromise, type MaybePromise } from '../core/promise.ts'
import { inspect } from '../core/logging/inspect.ts'
import type { EntrySettings, InvalidationOutcome, Op, OpResult } from '../core/store.ts'
import type { Duration } from '../options/durations.ts'
import { SET_OPTIONS, type SetOptions } from '../options/entry-options.ts'
import { entriesOf, type Entries } from './entries.ts'
import type { Runtime } from './runtime.ts'
import type { Scope } from './scope.ts'

/** The options of `set`. */
export const ONE_SET_OPTIONS: readonly string[] = [...SET_OPTIONS, 'ifAbsent', 'result']
/** The options of `setMany` as a whole. */
const SET_MANY_OPTIONS: readonly string[] = [...SET_OPTIONS, 'result']

/** The result of setting a value. */
export interface SetResult {
  /** Whether the value is in the store. */
  readonly stored: boolean
  /**
   * The reason why it is not.
   * `'present'`: with `ifAbsent`, there is a fresh entry. `'outdated'`: there is something newer by its row version.
   * `'unstorable'`: it can't be kept as it is. `'refused'`: the store keeps no such value, which is too heavy, or whose
   * end has passed. `'unavailable'`: the store is in trouble; with `ifAbsent` it may have stored the value nevertheless.
   */
  readonly reason?: 'present' | 'outdated' | 'unstorable' | 'refused' | 'unavailable'
}

/** The result of a `setMany`: the number of stored values, and of the others by reason. */
export interface SetManyResult {
  /** Values that are in the store. */
  readonly stored: number
  /** Values with something newer in the store by its row version. */
  readonly outdated: number
  /** Values that can't be kept as they are. */
  readonly unstorable: number
  /** Values of a kind that the store does not keep. */
  readonly refused: number
  /** Values for which the store did not answer. Their old entries are invalidated as soon as it does. */
  readonly unavailable: number
}

/** The result of a change that is not an add. */
interface Judged extends SetResult {
  readonly reason?: Exclude<SetResult['reason'], 'present' | undefined>
}

const STORED: Judged = Object.freeze({ stored: true })
const PRESENT: SetResult = Object.freeze({ stored: false, reason: 'present' })
const REFUSED: Judged = Object.freeze({ stored: false, reason: 'refused' })
const UNSTORABLE: Judged = Object.freeze({ stored: false, reason: 'unstorable' })

/** Sends the changes of a scope to the store. A store in trouble answers `undefined`. */
export class Writer {
  readonly scope: Scope
  readonly #runtime: Runtime

  constructor(scope: Scope) {
    this.scope = scope
    this.#runtime = scope.runtime
  }

  /**
   * Sets a value and returns the result. If it can't be kept, or has expired already, the old entry is removed instead.
   */
  set(key: string, value: unknown, settings: EntrySettings): MaybePromise<SetResult> {
    const op = this.#opOf('set', key, value, settings)
    const results = this.run('set', [op])
    if (isPromise(results)) return results.then((settled) => this.#judge(settings.ttlMs, op, settled?.[0]))
    return this.#judge(settings.ttlMs, op, results?.[0])
  }

  /** Sets a value if the key has none, and returns the result. Nothing is removed if it can't be kept. */
  async add(key: string, value: unknown, settings: EntrySettings): Promise<SetResult> {
    const { store, trouble } = this.#runtime
    const { ttlMs, tags, graceMs, rowVersion, weight } = settings
    const { stored, refused } = store.admit(value)
    if (refused !== undefined) trouble.unstorable('set', key, refused, this.scope.family.counters)
    if (stored === undefined) return UNSTORABLE
    if (!(ttlMs > 0)) return REFUSED
    const op = { kind: 'add', key, stored, ttlMs, tags, graceMs, rowVersion, weight } as const
    const result = await this.one('set', op)
    return result?.present === true ? PRESENT : this.#judge(ttlMs, op, result)
  }

  /** Sets several values, as {@link Writer.set} sets one. @throws OptionsError, KeyError before anything is written. */
  async setMany(
    entries: Entries<unknown>,
    ttlOrOptions: Duration | SetOptions | undefined,
  ): Promise<boolean | SetManyResult> {
    const common = this.scope.writeSettings(ttlOrOptions, 'setMany', SET_MANY_OPTIONS)
    const writes = entriesOf(entries).map(([name, value, own]) => {
      const key = this.scope.key(name)
      if (own === undefined) return { key, value, settings: common }
      const where = `setMany: ${inspect(name)}`
      return { key, value, settings: this.scope.writeSettings(own, where, SET_OPTIONS, common) }
    })
    const ops = writes.map(({ key, value, settings }) => this.#opOf('setMany', key, value, settings))
    const results = await this.run('setMany', ops)
    const counts = { stored: 0, outdated: 0, unstorable: 0, refused: 0, unavailable: 0 }
    for (const [index, { settings }] of writes.entries())
      counts[this.#judge(settings.ttlMs, ops[index]!, results?.[index]).reason ?? 'stored']++
    return common.result === 'full' ? counts : counts.stored === writes.length
  }

  /** Removes, or hides, the keys that a reader sees, and counts those that existed. */
  async remove(operation: string, keys: readonly string[]): Promise<number> {
    const { reading } = this.scope
    const results = await this.run(
      operation,
      keys.map((key) => ({ kind: 'delete', key, ...reading })),
    )
    const removed = results?.filter(({ ok }) => ok).length ?? 0
    this.scope.invalidated(operation, { keys, removed, l2: outcomeOf(results) })
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
    const writing = trouble.attempt(operation, () => store.write(ops), this.scope.family.counters)
    if (ops.length === 1) return writing
    return isPromise(writing)
      ? writing.then((results) => this.#heed(operation, results))
      : this.#heed(operation, writing)
  }

  // Notes the failure of one of several operations.
  #heed(operation: string, results: readonly OpResult[] | undefined): readonly OpResult[] | undefined {
    const failed = results?.find(({ failure }) => failure !== undefined)
    if (failed !== undefined)
      this.#runtime.trouble.failed(operation, failed.failure, this.scope.family.counters)
    return results
  }

  #opOf(
    operation: string,
    key: string,
    value: unknown,
    { ttlMs, tags, graceMs, rowVersion, weight }: EntrySettings,
  ): Op {
    const admitted = this.#runtime.store.admit(value)
    // The caller no longer means the old entry, so it is removed even if the new one can't be stored.
    if (admitted.stored === undefined)
      this.#runtime.trouble.unstorable(operation, key, admitted.refused, this.scope.family.counters)
    else if (ttlMs > 0)
      return { kind: 'set', key, stored: admitted.stored, ttlMs, tags, graceMs, rowVersion, weight }
    return { kind: 'delete', key }
  }

  #judge(ttlMs: number, op: Op, result: OpResult | undefined): Judged {
    const judged = this.#judged(ttlMs, op, result)
    const { family } = this.scope
    if (judged.stored && op.kind !== 'delete') family.counters.writes++
    const observer = this.#runtime.observing('write')
    if (observer !== undefined)
      observer.write?.(
        family,
        op.key,
        judged.reason ?? 'stored',
        ttlMs,
        'stored' in op ? op.stored : undefined,
      )
    return judged
  }

  #judged(ttlMs: number, { kind }: Op, result: OpResult | undefined): Judged {
    if (result === undefined || result.unavailable === true) return { stored: false, reason: 'unavailable' }
    if (kind === 'delete') return ttlMs > 0 ? UNSTORABLE : STORED
    if (!result.ok) return result.outdated === true ? { stored: false, reason: 'outdated' } : REFUSED
    return STORED
  }
}

// The outcome of deletions on the shared server. A deletion without an answer is repeated.
function outcomeOf(results: readonly OpResult[] | undefined): InvalidationOutcome {
  if (results === undefined) return 'dropped'
  return results.some(({ unavailable }) => unavailable === true) ? 'queued' : 'acked'
}
