import type { StoreExplanation, TagExplanation, TierExplanation } from '../core/explanation.ts'
import type { Generations } from '../core/remote/generations.ts'
import type { Reading } from '../core/store.ts'
import type { Trail } from '../core/trail.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { NodeState } from './node-state.ts'
import type { Outbox } from './queues/outbox.ts'
import type { TaggedLoads } from './tags/tagged-loads.ts'
import { compareGenerations, freshMsFor } from './tags/tag-state.ts'

const TAG_STATES = { fresh: 'current', stale: 'stale', gone: 'invalidated' } as const

/**
 * Explains what a read of a key would do. It asks the same questions of the same parts, and keeps none of the answers.
 */
export class Explaining {
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #loads: TaggedLoads
  readonly #followers: LogFollowers

  constructor(state: NodeState, outbox: Outbox, loads: TaggedLoads, followers: LogFollowers) {
    this.#state = state
    this.#followers = followers
    this.#outbox = outbox
    this.#loads = loads
  }

  async explain(key: string, reading: Reading | undefined): Promise<StoreExplanation> {
    const { inFlight, clock, local } = this.#state
    const underWay = inFlight.of(key).map(({ bornAtMs, held, dead }) => ({
      age: (clock.now() - bornAtMs) / 1_000,
      hasLease: held,
      voided: dead,
    }))
    const l2 = await this.#remote(key, reading)
    const tiers = local === undefined ? [l2] : [this.#local(key, reading), l2]
    return { tiers, underWay }
  }

  /** Returns what this node knows of the changes of a key, of `tags`, and of those of the entry that it keeps. */
  trail(key: string, tags: readonly string[]): Trail {
    const { settings, local, generations, table } = this.#state
    const { policy, maxLagMs, maxStaleMs } = settings
    const partition = this.#state.partitionOf(key)
    const slot = local?.explain(key).slot
    const borne = slot?.generations ?? []
    const all = [...new Set([...tags, ...borne.map(({ tag }) => tag)])]
    const isHidden = borne.some(({ tag, value }) => {
      const present = table.known(tag)
      return present !== undefined && compareGenerations(value, present) !== 'fresh'
    })
    const ages = [local === undefined ? 0 : partition.syncAgeMs, all.length === 0 ? 0 : generations.syncAgeMs]
    return {
      maxLagMs,
      boundMs: policy === 'strict' ? maxLagMs : maxStaleMs,
      syncAgeMs: Math.max(...ages),
      applied: partition.applied?.counter,
      tagsApplied: generations.applied?.counter,
      keptAt: slot?.counter,
      isHidden,
      isQueued: this.#outbox.has(key) || all.some((tag) => table.queue.get(tag) !== undefined),
      changes: this.#followers.changesOf(key, all),
    }
  }

  #local(key: string, reading: Reading | undefined): TierExplanation {
    const { local, clock, generations: tagged } = this.#state
    const ages = {
      tier: 'l1',
      syncAge: this.#state.partitionOf(key).syncAgeMs / 1_000,
      tagSyncAge: tagged.syncAgeMs / 1_000,
    } as const
    if (!this.#state.hasReached(reading?.after)) return { ...ages, state: 'skipped' }
    const { state, slot } = local!.explain(key, reading)
    const remainingMs = slot && slot.freshUntilMs - clock.now()
    return { ...ages, state, ...ttlOf(remainingMs), ...this.#tags(slot?.generations) }
  }

  async #remote(key: string, reading: Reading | undefined): Promise<TierExplanation> {
    const { remote, time, table } = this.#state
    const tagSyncAge = this.#state.generations.syncAgeMs / 1_000
    const tier = { tier: 'l2', ...(tagSyncAge !== Infinity && { tagSyncAge }) } as const
    if (this.#outbox.has(key)) return { ...tier, state: 'queued' }
    const untilMs = time.end()
    try {
      const entry = (await remote.read([key])).get(key)
      if (entry === undefined) return { ...tier, state: 'absent' }
      const { remainingMs, graceMs = 0, generations } = entry
      const verdict = await this.#loads.shows(generations, reading, untilMs, table.version)
      const staleForMs = verdict === 'stale' ? table.staleForMs(generations) : 0
      const freshMs = freshMsFor(remainingMs, graceMs, verdict, { stale: true }, staleForMs)
      const state = freshMs === undefined ? 'invalidated' : freshMs > 0 ? 'fresh' : 'stale'
      return { ...tier, state, ...ttlOf(remainingMs - graceMs), ...this.#tags(generations) }
    } catch {
      return { ...tier, state: 'unavailable' }
    }
  }

  #tags(generations: Generations | undefined): { readonly tags?: readonly TagExplanation[] } {
    if (generations === undefined) return {}
    return {
      tags: generations.map(({ tag, value }) => {
        const present = this.#state.table.known(tag)
        const state = present === undefined ? 'unknown' : TAG_STATES[compareGenerations(value, present)]
        return { tag, state }
      }),
    }
  }
}

function ttlOf(remainingMs: number | undefined): { readonly ttl?: number } {
  return remainingMs === undefined ? {} : { ttl: remainingMs / 1_000 }
}
