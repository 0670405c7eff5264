import type { Clock } from '../core/time/clock.ts'
import type { StoreExplanation, TagExplanation, TierExplanation } from '../core/explanation.ts'
import type { Generations, RemoteStore } from '../core/remote-store.ts'
import type { Reading } from '../core/store.ts'
import type { CallTime } from './order/call-time.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { GenerationTable } from './tags/generation-table.ts'
import type { LocalTier } from './local-tier.ts'
import type { InFlight } from './in-flight.ts'
import type { Outbox } from './queues/outbox.ts'
import type { TaggedCalls } from './tags/tagged-calls.ts'
import { compareGenerations, freshMsFor } from './tags/tag-state.ts'

/** The parts that an explanation of a read uses. */
export interface ExplainingParts {
  readonly remote: RemoteStore
  readonly local: LocalTier | undefined
  readonly markers: InFlight
  readonly outbox: Outbox
  readonly calls: TaggedCalls
  readonly table: GenerationTable
  readonly following: LogFollowers
  readonly clock: Clock
  readonly time: CallTime
}

const TAG_STATES = { fresh: 'current', stale: 'stale', gone: 'invalidated' } as const

/**
 * Explains what a read of a key would do. It asks the same questions of the same parts, and keeps none of the answers.
 */
export class Explaining {
  readonly #parts: ExplainingParts

  constructor(parts: ExplainingParts) {
    this.#parts = parts
  }

  async explain(key: string, reading: Reading | undefined): Promise<StoreExplanation> {
    const { markers, clock, local } = this.#parts
    const underWay = markers.of(key).map(({ bornAtMs, held, dead }) => ({
      age: (clock.now() - bornAtMs) / 1_000,
      hasLease: held,
      voided: dead,
    }))
    const l2 = await this.#remote(key, reading)
    const tiers = local === undefined ? [l2] : [this.#local(key, reading), l2]
    return { tiers, underWay }
  }

  #local(key: string, reading: Reading | undefined): TierExplanation {
    const { local, following, clock } = this.#parts
    const ages = {
      tier: 'l1',
      syncAge: following.of(key).syncAgeMs / 1_000,
      tagSyncAge: following.generations.syncAgeMs / 1_000,
    } as const
    if (!following.hasReached(reading?.after)) return { ...ages, state: 'skipped' }
    const { state, slot } = local!.explain(key, reading)
    const remainingMs = slot && slot.freshUntilMs - clock.now()
    return { ...ages, state, ...ttlOf(remainingMs), ...this.#tags(slot?.generations) }
  }

  async #remote(key: string, reading: Reading | undefined): Promise<TierExplanation> {
    const { remote, outbox, calls, following, time } = this.#parts
    const tagSyncAge = following.generations.syncAgeMs / 1_000
    const tier = { tier: 'l2', ...(tagSyncAge !== Infinity && { tagSyncAge }) } as const
    if (outbox.has(key)) return { ...tier, state: 'queued' }
    const untilMs = time.end()
    try {
      const entry = (await remote.read([key])).get(key)
      if (entry === undefined) return { ...tier, state: 'absent' }
      const { remainingMs, graceMs = 0, generations } = entry
      const verdict = await calls.shows(generations, reading, untilMs, calls.since)
      const freshMs = freshMsFor(remainingMs, graceMs, verdict, { stale: true })
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
        const present = this.#parts.table.known(tag)
        const state = present === undefined ? 'unknown' : TAG_STATES[compareGenerations(value, present)]
        return { tag, state }
      }),
    }
  }
}

function ttlOf(remainingMs: number | undefined): { readonly ttl?: number } {
  return remainingMs === undefined ? {} : { ttl: remainingMs / 1_000 }
}
