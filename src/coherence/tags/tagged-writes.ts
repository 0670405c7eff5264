import { StoreUnavailableError } from '../../core/errors.ts'
import { UNREADABLE, type Generations } from '../../core/remote/generations.ts'
import type { RemoteOp, RemoteResult } from '../../core/remote/operations.ts'
import { isPromise, type MaybePromise } from '../../core/promise.ts'
import type { InvalidateOptions, Op, OpResult, Reading } from '../../core/store.ts'
import { NO_TAGS } from '../../keys/tags.ts'
import type { GenerationSource } from './generation-source.ts'
import { longestLives } from './generation-table.ts'
import type { Operation } from '../in-flight.ts'
import type { NodeState } from '../node-state.ts'

/** An answer to an operation, as far as it got. */
export type Written = OpResult & Pick<RemoteResult, 'head' | 'generations' | 'graceMs'>

/** The deadline of a call, and its place among this node's invalidations of tags. */
export interface CallMoment {
  readonly untilMs: number
  readonly since: number
}

const ADDED_BEFORE: RemoteResult = { ok: false, present: true }
/** The number of times that a step or an add may meet an entry with other generations. */
const MOST_ROUNDS = 3

/** Sends changes with the generations of their tags, and judges the answers by theirs (docs/coherence.md, C7). */
export class TaggedWrites {
  readonly #state: NodeState
  readonly #source: GenerationSource

  constructor(state: NodeState, source: GenerationSource) {
    this.#state = state
    this.#source = source
  }

  /** Returns a writer's operations with the generations that their tags have at this moment. */
  remoteOps(
    writes: readonly (readonly [op: Op, marker: Operation | undefined])[],
    untilMs: number,
  ): MaybePromise<readonly RemoteOp[]> {
    const lives = longestLives(
      writes.map(([op]) =>
        op.kind === 'set' || op.kind === 'add' || op.kind === 'increment'
          ? [op.tags ?? [], op.ttlMs + (op.graceMs ?? 0)]
          : [[], 0],
      ),
    )
    if (lives.size === 0) return this.#withGenerations(writes, [])
    const known = writes.some(([op]) => op.kind === 'add')
      ? this.#source.currentForAdd(lives, untilMs)
      : this.#source.currentForWrite(lives, untilMs)
    return isPromise(known)
      ? known.then((generations) => this.#withGenerations(writes, generations))
      : this.#withGenerations(writes, known)
  }

  #withGenerations(
    writes: readonly (readonly [op: Op, marker: Operation | undefined])[],
    known: Generations,
  ): readonly RemoteOp[] {
    return writes.map(([op, marker]) => {
      const own = op.tags?.length ? known.filter(({ tag }) => op.tags!.includes(tag)) : undefined
      // Its tag was invalidated after it began, so its entry must be invisible to all callers. An add has asked for the
      // records, and what it has heard since may be older.
      const isOvertaken =
        op.kind !== 'add' && marker?.overtakenBy !== undefined && marker.overtakenBy.size > 0
      const generations = isOvertaken
        ? own?.map(({ tag }) => ({ tag, value: this.#state.table.draw() }))
        : own
      if (marker !== undefined) marker.generations = generations
      return remoteOp(op, generations)
    })
  }

  /** Executes operations of the server. `isPrompt`: nothing was asked before them. */
  async execute(
    ops: readonly RemoteOp[],
    moment: CallMoment,
    isPrompt: boolean,
  ): Promise<readonly RemoteResult[]> {
    if (ops.length === 0) return []
    const { remote, time } = this.#state
    const results = await remote.write(ops, isPrompt ? undefined : time.left(moment.untilMs))
    return results.some(({ differs }) => differs === true) ? this.judge(ops, results, moment) : results
  }

  /** Sends steps and adds again that met an entry with other generations, together with the verdict on these. */
  async judge(
    ops: readonly RemoteOp[],
    answers: readonly RemoteResult[],
    { untilMs, since }: CallMoment,
  ): Promise<readonly RemoteResult[]> {
    const { remote, table, time } = this.#state
    const results = [...answers]
    for (const [index, op] of ops.entries()) {
      if (op.kind !== 'increment' && op.kind !== 'add') continue
      for (let round = 0; results[index]!.differs === true; round++) {
        if (round === MOST_ROUNDS) throw new StoreUnavailableError('the tags of an entry change too often')
        const { generations } = results[index]!
        const tags = op.generations?.map(({ tag }) => tag) ?? NO_TAGS
        if (op.kind === 'add') {
          results[index] = await this.#addInPlace(op, generations, { tags }, { untilMs, since })
          continue
        }
        const isVisible = (await this.#source.shows(generations, { tags }, untilMs, false, since)) === 'fresh'
        // A later invalidation of this node hides the counter that the step makes.
        const again = table.hasInvalidated(tags, since)
          ? op
          : { ...op, generations: await this.#source.current(longestLives([[tags, op.ttlMs]]), untilMs) }
        const retried = isVisible
          ? { ...again, seen: generations }
          : { ...again, hidden: generations ?? ('none' as const) }
        ;[results[index]] = (await remote.write([retried], time.left(untilMs))) as [RemoteResult]
      }
    }
    return results
  }

  // Adds in place of a fresh entry that the caller can't see.
  async #addInPlace(
    op: Extract<RemoteOp, { readonly kind: 'add' }>,
    present: Generations | undefined,
    reading: Reading,
    { untilMs, since }: CallMoment,
  ): Promise<RemoteResult> {
    const { remote, time } = this.#state
    const verdict =
      present === UNREADABLE ? 'fresh' : await this.#source.showsNow(present, reading, untilMs, since)
    if (verdict === 'fresh') return ADDED_BEFORE
    const [result] = await remote.write([{ ...op, hidden: present ?? 'none' }], time.left(untilMs))
    return result!
  }

  /** Turns the answers about entries that the caller could not have seen into misses. */
  async hideInvisible(ops: readonly Op[], answers: Written[], untilMs: number, since: number): Promise<void> {
    for (const [index, op] of ops.entries()) {
      const answer = answers[index]!
      if (!answer.ok || op.kind === 'set' || op.kind === 'add' || op.kind === 'increment') continue
      if (answer.generations === undefined && op.tags === undefined) continue
      const verdict = await this.#source.shows(answer.generations, op, untilMs, false, since)
      const { stored: _, graceMs = 0, ...rest } = answer
      // A stale entry exists while it has grace, but does not count as fresh.
      if (verdict === 'fresh' || (verdict === 'stale' && op.kind === 'delete' && graceMs > 0)) continue
      answers[index] = { ...rest, ok: false }
    }
  }

  /** Keeps entries with a new ttl visible until their new end. */
  async prolong(ops: readonly Op[], answers: readonly Written[], untilMs: number): Promise<void> {
    for (const [index, op] of ops.entries()) {
      const { ok, generations, graceMs = 0 } = answers[index]!
      if (op.kind !== 'expire' || !ok) continue
      await this.#source.prolong(generations, op.ttlMs + graceMs, untilMs)
    }
  }
}

function remoteOp(op: Op, generations: Generations | undefined): RemoteOp {
  switch (op.kind) {
    case 'set':
    case 'add': {
      const { kind, key, stored, ttlMs, graceMs, rowVersion } = op
      return { kind, key, stored, ttlMs, graceMs, rowVersion, generations }
    }
    case 'increment': {
      const { key, by, min, max, ttlMs } = op
      return { kind: 'increment', key, by, min, max, ttlMs, generations }
    }
    case 'expire':
      return { kind: 'expire', key: op.key, ttlMs: op.ttlMs }
    case 'take':
      return { kind: 'take', key: op.key }
    case 'delete': {
      const { key, keepStale, rowVersion }: { readonly key: string } & InvalidateOptions = op
      return { kind: keepStale === true ? 'stale' : 'delete', key, rowVersion }
    }
  }
}
