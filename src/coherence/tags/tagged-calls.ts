import { StoreUnavailableError } from '../../core/errors.ts'
import { UNREADABLE, type Generations } from '../../core/remote/generations.ts'
import type { RemoteFound, RemoteOp, RemoteResult } from '../../core/remote/operations.ts'
import { isPromise, type MaybePromise } from '../../core/promise.ts'
import { NO_TAGS } from '../../keys/tags.ts'
import type {
  AcquireOptions,
  Acquired,
  Fill,
  Found,
  InvalidateOptions,
  Op,
  OpResult,
  Reading,
} from '../../core/store.ts'
import type { GenerationSource } from './generation-source.ts'
import type { Lives } from './generation-table.ts'
import type { Operation } from '../in-flight.ts'
import type { NodeState } from '../node-state.ts'
import type { TagState } from './tag-state.ts'

/** An answer to an operation, as far as it got. */
export type Written = OpResult & Pick<RemoteResult, 'head' | 'generations' | 'graceMs'>

/** The deadline of a call, and its place among this node's invalidations of tags. */
export interface CallMoment {
  readonly untilMs: number
  readonly since: number
}

const ADDED_BEFORE: RemoteResult = { ok: false, present: true }
/** The number of times that an invisible entry may be replaced before the key counts as busy. */
const ACQUIRE_ROUNDS = 3

/** Asks the server with the generations that go along, and judges its answers by theirs (docs/coherence.md, C7). */
export class TaggedCalls {
  readonly #state: NodeState
  readonly #source: GenerationSource

  constructor(state: NodeState, source: GenerationSource) {
    this.#state = state
    this.#source = source
  }

  /** Judges an entry of the server for this reader, whose call began at `since`. */
  shows(
    generations: Generations | undefined,
    reading: Reading | undefined,
    untilMs: number,
    since: number,
  ): MaybePromise<TagState> {
    if ((generations === undefined && reading === undefined) || generations === UNREADABLE) return 'fresh'
    const mustAsk = !this.#state.hasReached(reading?.after)
    return this.#source.shows(generations, reading, untilMs, mustAsk, since)
  }

  /** The place of a call that begins now among this node's invalidations of tags. */
  get since(): number {
    return this.#state.table.version
  }

  /**
   * Sets the generations with which loads begin. Without the server they are provisional, for values that will be kept
   * here.
   */
  async begin(markers: readonly Operation[], untilMs: number): Promise<void> {
    const { table } = this.#state
    for (const marker of markers) marker.taggedSince = table.seen
    const tagged = markers.filter(({ tags }) => tags !== undefined && tags.length > 0)
    if (tagged.length === 0) return
    const lives = longest(tagged.map((marker) => [marker.tags!, marker.lifeMs]))
    let known: Generations
    let failure: { readonly error: unknown } | undefined
    try {
      const current = this.#source.current(lives, untilMs)
      known = isPromise(current) ? await current : current
    } catch (error) {
      known = table.provisional([...lives.keys()])
      failure = { error }
    }
    for (const marker of tagged) marker.generations = known.filter(({ tag }) => marker.tags!.includes(tag))
    if (failure !== undefined) throw failure.error
  }

  /**
   * Gives a loaded value the tags that its loader has named, before it is stored. `false` = one of them may have
   * changed since the load began. The records of all its tags are kept as long as the entry lives.
   */
  async name(
    marker: Operation,
    tags: readonly string[] | undefined,
    lifeMs: number,
    untilMs: number,
  ): Promise<boolean> {
    const named = namedTags(marker, tags)
    if (named.length > 0) {
      const generations = await this.#source.unchangedSince(named, marker.taggedSince, lifeMs, untilMs)
      if (generations === undefined) return false
      marker.generations = [...(marker.generations ?? []), ...generations]
    }
    await this.#prolong(marker.generations, lifeMs, untilMs)
    return true
  }

  /** Asks in one question for all the tags of several fills; `false` = there was no answer. */
  async ask(fills: readonly Fill[], untilMs: number): Promise<boolean> {
    const lives = longest(
      fills.map(({ lease, tags, ttlMs, graceMs = 0 }) => {
        const own = ((lease as Operation).generations ?? []).map(({ tag }) => tag)
        return [[...own, ...(tags ?? [])], ttlMs + graceMs]
      }),
    )
    try {
      await this.#source.current(lives, untilMs)
      return true
    } catch {
      return false
    }
  }

  /** Keeps entries with a new ttl visible until their new end. */
  async prolong(ops: readonly Op[], answers: readonly Written[], untilMs: number): Promise<void> {
    for (const [index, op] of ops.entries()) {
      const { ok, generations, graceMs = 0 } = answers[index]!
      if (op.kind !== 'expire' || !ok) continue
      await this.#prolong(generations, op.ttlMs + graceMs, untilMs)
    }
  }

  /** Keeps the records that the entry of a long load will bear. They must not end before the load. */
  keepRecords(marker: Operation): void {
    const { settings, time } = this.#state
    const lifeMs = Math.max(marker.lifeMs, settings.leaseMs / 2)
    void this.#prolong(marker.generations, lifeMs, time.end())
  }

  // A failure is ignored. A record that ends too soon only hides the entry, which is a miss.
  async #prolong(generations: Generations | undefined, lifeMs: number, untilMs: number): Promise<void> {
    await this.#source.prolong(generations, lifeMs, untilMs)?.catch(() => undefined)
  }

  /** Asks for leases. An invisible entry keeps no load out, because the server is told which one it is. */
  async acquire(
    asked: readonly Operation[],
    { freshUpToMs, force }: AcquireOptions,
    untilMs: number,
    found: (
      marker: Operation,
      entry: RemoteFound,
      verdict: TagState,
      startedAtMs: number,
    ) => Found | undefined,
  ): Promise<ReadonlyMap<Operation, Exclude<Acquired, 'denied'>>> {
    const answers = new Map<Operation, Exclude<Acquired, 'denied'>>()
    const { since } = this
    let open: readonly { readonly marker: Operation; readonly hidden?: Generations | 'none' }[] = asked.map(
      (marker) => ({ marker }),
    )
    for (let round = 0; round < ACQUIRE_ROUNDS && open.length > 0; round++) {
      const startedAtMs = this.#state.clock.now()
      const requests = open.map(({ marker: { key, token, skip }, hidden }) => ({
        key,
        token,
        hidden,
        // A key that must not be read is loaded in any case. So is a key whose entry is still invisible in the last
        // round.
        freshUpToMs: skip === 'l2' || round === ACQUIRE_ROUNDS - 1 ? Infinity : freshUpToMs,
        force,
      }))
      const { remote, settings, time } = this.#state
      const answered = await remote.acquire(requests, settings.leaseMs, time.left(untilMs))
      const hidden = await Promise.all(
        open.map(async ({ marker }, index) => {
          const answer = answered[index]!
          if (answer === 'unanswered') return undefined
          if (typeof answer !== 'object' || 'cooldown' in answer) {
            answers.set(marker, answer)
            return undefined
          }
          const verdict = await this.shows(answer.generations, marker, untilMs, since)
          const shown = found(marker, answer, verdict, startedAtMs)
          if (shown === undefined) return { marker, hidden: answer.generations ?? ('none' as const) }
          answers.set(marker, shown)
          return undefined
        }),
      )
      open = hidden.filter((one) => one !== undefined)
    }
    for (const { marker } of open) answers.set(marker, 'busy')
    return answers
  }

  /** Returns a writer's operations with the generations that their tags have at this moment. */
  remoteOps(
    writes: readonly (readonly [op: Op, marker: Operation | undefined])[],
    untilMs: number,
  ): MaybePromise<readonly RemoteOp[]> {
    const lives = longest(
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
        if (round === ACQUIRE_ROUNDS) throw new StoreUnavailableError('the tags of an entry change too often')
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
          : { ...op, generations: await this.#source.current(longest([[tags, op.ttlMs]]), untilMs) }
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
}

/** Returns the tags that only the loader has named. */
export function namedTags(marker: Operation, tags: readonly string[] = []): readonly string[] {
  return tags.filter((tag) => marker.tags?.includes(tag) !== true)
}

/** Returns the longest life for which each tag is needed. */
function longest(needs: readonly (readonly [tags: readonly string[], lifeMs: number])[]): Lives {
  const lives = new Map<string, number>()
  for (const [tags, lifeMs] of needs)
    for (const tag of tags) lives.set(tag, Math.max(lifeMs, lives.get(tag) ?? 0))
  return lives
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
