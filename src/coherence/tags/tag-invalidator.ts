import type { Head } from '../../core/remote/log.ts'
import { change, giveUp } from '../change.ts'
import type { LogFollowers } from '../log/log-followers.ts'
import type { NodeState } from '../node-state.ts'
import type { Turn } from '../order/turn.ts'
import { isRefusal } from '../queues/refusal.ts'
import type { Suspects } from '../queues/suspects.ts'
import type { QueuedTag } from '../queues/tag-queue.ts'

/** The result of an invalidation of tags. */
export interface TagsInvalidated {
  readonly l2: 'acked' | 'queued' | 'dropped'
  readonly heads: readonly (Head | undefined)[]
  readonly error?: unknown
}

/** Tags of one call. */
const BATCH = 500
/** The pause before a refused tag is sent again, in milliseconds. */
const REST_MS = 30_000

/** Gives tags new generations on the server, and here while the server does not answer. */
export class TagInvalidator {
  readonly #state: NodeState
  readonly #followers: LogFollowers
  readonly #queued: () => void
  readonly #suspects: Suspects
  readonly #dropped: (count: number, error: unknown) => void

  /** `queued` is called when a tag was queued, `dropped` with the number of duties for which there was no room, or that the server refuses. */
  constructor(
    state: NodeState,
    followers: LogFollowers,
    queued: () => void,
    suspects: Suspects,
    dropped: (count: number, error: unknown) => void,
  ) {
    this.#state = state
    this.#followers = followers
    this.#queued = queued
    this.#suspects = suspects
    this.#dropped = dropped
  }

  async run(tags: readonly string[], keepStale = false, turn?: Turn): Promise<TagsInvalidated> {
    const { table } = this.#state
    const queued = tags.map((tag) => table.queue.get(tag))
    const queueing = this.#queueing(tags, keepStale, turn)
    const batches: Promise<readonly (Head | undefined)[]>[] = []
    for (let start = 0; start < tags.length; start += BATCH) {
      const end = start + BATCH
      const failed = (index: number): void => queueing.failed(start + index)
      batches.push(this.#send(tags.slice(start, end), queued.slice(start, end), keepStale, failed))
    }
    const answers = await Promise.allSettled(batches)
    const failure = answers.find(({ status }) => status === 'rejected')
    if (failure?.status === 'rejected') return queueing.outcome(failure.reason)
    return { l2: 'acked', heads: answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])) }
  }

  /** Queues an invalidation that was not answered in time, or whose turn has not come. */
  giveUp(tags: readonly string[], keepStale = false, error: Error, turn: Turn): TagsInvalidated {
    const { failed, outcome } = this.#queueing(tags, keepStale, turn)
    giveUp(this.#state, { targets: tags.map(tagTarget), failed }, error)
    return outcome(error)
  }

  // Returns how an invalidation is queued that fails. Its tags keep the hard half of the generations that they have now.
  #queueing(
    tags: readonly string[],
    keepStale: boolean,
    turn: Turn | undefined,
  ): { failed(index: number): void; outcome(error: unknown): TagsInvalidated } {
    const { table } = this.#state
    const known = tags.map((tag) => table.known(tag))
    let lost = 0
    return {
      failed: (index) => {
        if (turn?.queue(index) !== false && !table.queue.add(tags[index]!, keepStale, known[index])) lost++
      },
      outcome: (error) => {
        if (lost > 0) this.#dropped(lost, error)
        this.#queued()
        return { l2: lost > 0 ? 'dropped' : 'queued', heads: tags.map(() => undefined), error }
      },
    }
  }

  /** Sends the queued tags once more. Failed ones stay queued. Never rejects. */
  async replay(): Promise<void> {
    await this.#sendAll(this.#state.table.queue.due(this.#state.clock.now()))
    if (!this.#suspects.isEmpty) await this.#sweep()
  }

  /** Sends the queued ones of these tags, ahead of a call that needs the server's answer. Never rejects. */
  async settle(tags: readonly string[]): Promise<void> {
    await this.#sendAll(tags.flatMap((tag) => this.#state.table.queue.get(tag) ?? []))
  }

  async #sendAll(items: readonly QueuedTag[]): Promise<void> {
    for (const keepStale of [false, true]) {
      const alike = items.filter((item) => item.keepStale === keepStale)
      for (let start = 0; start < alike.length; start += BATCH)
        if (!(await this.#batch(alike.slice(start, start + BATCH), keepStale))) return
    }
  }

  // Sends a batch and returns whether to go on. Refused tags are found by halves.
  async #batch(items: readonly QueuedTag[], keepStale: boolean): Promise<boolean> {
    const { table, clock } = this.#state
    const open = items.filter((item) => table.queue.isOpen(item))
    if (open.length === 0) return true
    try {
      await this.#send(
        open.map(({ tag }) => tag),
        open.map(({ tag }) => table.queue.get(tag)),
        keepStale,
      )
      return true
    } catch (error) {
      if (!isRefusal(error)) return false
      const half = open.length >> 1
      if (half === 0) open[0]!.restsUntilMs = clock.now() + REST_MS
      return (
        half > 0 &&
        (await this.#batch(open.slice(0, half), keepStale)) &&
        (await this.#batch(open.slice(half), keepStale))
      )
    }
  }

  async #sweep(): Promise<void> {
    const { remote, table } = this.#state
    const suspects = this.#suspects
    const { version } = suspects
    try {
      const swept = await remote.survey(remote.generationPartition, async (tags) => this.settle(tags))
      suspects.swept(swept, version)
      table.version++
    } catch (error) {
      if (isRefusal(error)) this.#dropped(suspects.refuse(), error)
    }
  }

  async #send(
    tags: readonly string[],
    queued: readonly (QueuedTag | undefined)[],
    keepStale: boolean,
    failed?: (index: number) => void,
  ): Promise<readonly (Head | undefined)[]> {
    const { remote, table, generations, clock, inFlight } = this.#state
    const superseded = tags.map((tag) => table.supersede(tag))
    const targets = tags.map(tagTarget)
    const startedAtMs = clock.now()
    const { heads } = await change(this.#state, {
      targets,
      send: () => {
        // Never the generation that decided here while it was queued, because entries bear that.
        const drawn = tags.map(() => table.draw())
        const answer = remote.invalidateTags(tags, drawn, { keepStale })
        for (const one of superseded) one.answer = answer
        return answer
      },
      read: (answer, index) => {
        const head = answer.heads[index]
        if (head !== undefined) inFlight.wasEarlier(head.stamp)
        this.#followers.note(generations.name, targets[index]!, head)
        table.answered = head ?? table.answered
        if (answer.generations !== undefined) table.softened.note(answer.generations[index]!, startedAtMs)
        const item = queued[index]
        // A tag that was queued was invalidated here before, whatever the server had.
        if (item === undefined) table.prove(superseded[index]!, answer.former[index])
        // An invalidation that keeps stale entries does not make up for one that does not.
        if (item !== undefined && (!keepStale || item.keepStale)) table.queue.acknowledge(item)
      },
      failed,
    })
    return heads
  }
}

function tagTarget(tag: string): { readonly kind: 'tag'; readonly item: string } {
  return { kind: 'tag', item: tag }
}
