import type { Generations } from '../../core/remote/generations.ts'
import { UNREADABLE } from '../../core/remote/generations.ts'
import type { RemoteFound } from '../../core/remote/operations.ts'
import { isPromise, type MaybePromise } from '../../core/promise.ts'
import type { AcquireOptions, Acquired, Fill, Found, Reading } from '../../core/store.ts'
import type { GenerationSource } from './generation-source.ts'
import { longestLives } from './generation-table.ts'
import type { Operation } from '../in-flight.ts'
import type { NodeState } from '../node-state.ts'
import type { TagState } from './tag-state.ts'

/** The number of times that an invisible entry may be replaced before the key counts as busy. */
const ACQUIRE_ROUNDS = 3

/** Judges entries of the server by their generations, and gives loads theirs (docs/coherence.md, C7). */
export class TaggedLoads {
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

  /**
   * Sets the generations with which loads begin. Without the server they are provisional, for values that will be kept
   * here.
   */
  async begin(markers: readonly Operation[], untilMs: number): Promise<void> {
    const { table } = this.#state
    for (const marker of markers) marker.taggedSince = table.seen
    const tagged = markers.filter(({ tags }) => tags !== undefined && tags.length > 0)
    if (tagged.length === 0) return
    const lives = longestLives(tagged.map((marker) => [marker.tags!, marker.lifeMs]))
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
    await this.#source.prolong(marker.generations, lifeMs, untilMs)
    return true
  }

  /** Asks in one question for all the tags of several fills; `false` = there was no answer. */
  async ask(fills: readonly Fill[], untilMs: number): Promise<boolean> {
    const lives = longestLives(
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

  /** Keeps the records that the entry of a long load will bear. They must not end before the load. */
  keepRecords(marker: Operation): void {
    const { settings, time } = this.#state
    const lifeMs = Math.max(marker.lifeMs, settings.leaseMs / 2)
    void this.#source.prolong(marker.generations, lifeMs, time.end())
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
    const since = this.#state.table.version
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
}

/** Returns the tags that only the loader has named. */
export function namedTags(marker: Operation, tags: readonly string[] = []): readonly string[] {
  return tags.filter((tag) => marker.tags?.includes(tag) !== true)
}
