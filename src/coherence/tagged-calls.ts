import { StoreUnavailableError } from '../core/errors.ts'
import type { Generations, RemoteFound, RemoteOp, RemoteResult, RemoteStore } from '../core/remote-store.ts'
import type { Found, Op, OpResult, Reading } from '../core/store.ts'
import { remoteForm } from './fresh.ts'
import type { GenerationTable } from './generations.ts'
import type { Marker } from './markers.ts'

/** What calls that heed generations work with. */
export interface TaggedCallsParts {
  readonly remote: RemoteStore
  readonly table: GenerationTable
  readonly leaseMs: number
  /** Replicas that a write waits for. */
  readonly replicas: number
  hasReached(token: string | undefined): boolean
  now(): number
}

/** An answer to an operation, as far as it got. */
export type Written = OpResult & Pick<RemoteResult, 'head' | 'generations' | 'replicated'>

/** How often an invisible entry may be replaced by another one before the key counts as busy. */
const ACQUIRE_ROUNDS = 3

/** What is asked of the server and answered by it, with the generations that go along (docs/coherence.md, C7). */
export class TaggedCalls {
  readonly #parts: TaggedCallsParts

  constructor(parts: TaggedCallsParts) {
    this.#parts = parts
  }

  /** Whether an entry of the server may be seen by this reader. */
  shows(generations: Generations | undefined, reading: Reading | undefined): Promise<boolean> {
    return this.#parts.table.shows(generations, reading, !this.#parts.hasReached(reading?.after))
  }

  /** The generations with which loads begin; without the server, provisional ones for what will be kept here. */
  async begin(markers: readonly Marker[]): Promise<void> {
    const tagged = markers.filter(({ tags }) => tags !== undefined && tags.length > 0)
    if (tagged.length === 0) return
    const tags = [...new Set(tagged.flatMap((marker) => marker.tags!))]
    let known: Generations
    let failure: { readonly error: unknown } | undefined
    try {
      known = await this.#parts.table.current(tags)
    } catch (error) {
      known = this.#parts.table.provisional(tags)
      failure = { error }
    }
    for (const marker of tagged) marker.generations = known.filter(({ tag }) => marker.tags!.includes(tag))
    if (failure !== undefined) throw failure.error
  }

  /** An entry that is not visible stands in nobody's way: the server is told which one it is. */
  async acquire(
    asked: readonly Marker[],
    keep: (marker: Marker, found: RemoteFound, startedAtMs: number) => Found,
  ): Promise<ReadonlyMap<Marker, Found | 'granted' | 'busy' | 'denied'>> {
    const answers = new Map<Marker, Found | 'granted' | 'busy' | 'denied'>()
    let open: readonly { readonly marker: Marker; readonly hidden?: Generations | 'none' }[] = asked.map(
      (marker) => ({ marker }),
    )
    for (let round = 0; round < ACQUIRE_ROUNDS && open.length > 0; round++) {
      const startedAtMs = this.#parts.now()
      const requests = open.map(({ marker: { key, token }, hidden }) => ({ key, token, hidden }))
      const answered = await this.#parts.remote.acquire(requests, this.#parts.leaseMs)
      const hidden = await Promise.all(
        open.map(async ({ marker }, index) => {
          const answer = answered[index]!
          if (typeof answer !== 'object') answers.set(marker, answer)
          else if ('cooldown' in answer) answers.set(marker, 'denied')
          else if (await this.shows(answer.generations, marker))
            answers.set(marker, keep(marker, answer, startedAtMs))
          else return { marker, hidden: answer.generations ?? ('none' as const) }
          return undefined
        }),
      )
      open = hidden.filter((one) => one !== undefined)
    }
    for (const { marker } of open) answers.set(marker, 'busy')
    return answers
  }

  /** Before a writer's values are sent: the generations that their tags have at this moment. */
  async remoteOps(
    writes: readonly (readonly [op: Op, marker: Marker | undefined])[],
  ): Promise<readonly RemoteOp[]> {
    const tags = writes.flatMap(([op]) => ((op.kind === 'set' || op.kind === 'increment') && op.tags) || [])
    const known = tags.length === 0 ? [] : await this.#parts.table.current([...new Set(tags)])
    return writes.map(([op, marker]) => {
      const own = op.tags?.length ? known.filter(({ tag }) => op.tags!.includes(tag)) : undefined
      // Its tag was invalidated after it began: it comes too late for everybody.
      const generations =
        marker?.overtaken === true ? own?.map(({ tag }) => ({ tag, value: this.#parts.table.draw() })) : own
      if (marker !== undefined) marker.generations = generations
      return remoteOp(op, generations)
    })
  }

  /** A counter whose generations differ from what this node knows: either it knows too little, or the counter is gone. */
  async execute(ops: readonly RemoteOp[]): Promise<readonly RemoteResult[]> {
    const results = [...(await this.#parts.remote.write(ops, this.#parts.replicas))]
    for (const [index, op] of ops.entries()) {
      if (op.kind !== 'increment') continue
      for (let round = 0; results[index]!.differs === true; round++) {
        if (round === ACQUIRE_ROUNDS)
          throw new StoreUnavailableError('the tags of a counter change too often')
        const { generations } = results[index]!
        const tags = op.generations!.map(({ tag }) => tag)
        const isVisible = await this.#parts.table.shows(generations, { tags })
        const again = { ...op, generations: await this.#parts.table.current(tags) }
        const retried = isVisible ? again : { ...again, hidden: generations ?? ('none' as const) }
        ;[results[index]] = (await this.#parts.remote.write([retried], this.#parts.replicas)) as [
          RemoteResult,
        ]
      }
    }
    return results
  }

  /** What an operation found and its caller could not have seen was not there for it. */
  async hideInvisible(ops: readonly Op[], answers: Written[]): Promise<void> {
    for (const [index, op] of ops.entries()) {
      const answer = answers[index]!
      if (!answer.ok || op.kind === 'set' || op.kind === 'increment') continue
      if (answer.generations === undefined && op.tags === undefined) continue
      if (await this.#parts.table.shows(answer.generations, op)) continue
      const { stored: _, ...rest } = answer
      answers[index] = { ...rest, ok: false }
    }
  }
}

function remoteOp(op: Op, generations: Generations | undefined): RemoteOp {
  switch (op.kind) {
    case 'set':
      return { kind: 'set', key: op.key, stored: remoteForm(op.stored), ttlMs: op.ttlMs, generations }
    case 'increment':
      return { kind: 'increment', key: op.key, by: op.by, ttlMs: op.ttlMs, generations }
    case 'expire':
      return { kind: 'expire', key: op.key, ttlMs: op.ttlMs }
    default:
      return { kind: op.kind, key: op.key }
  }
}
