import type { StoreStats } from '../core/counters.ts'
import type { StoreHealth } from '../core/health.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { NodeState } from './node-state.ts'
import type { Outbox } from './queues/outbox.ts'
import type { Suspects } from './queues/suspects.ts'
import type { CoherenceParts } from './settings.ts'

const NOTHING_KEPT = {
  entries: undefined,
  evictions: { entries: 0, weight: 0, oversize: 0 },
  expirations: { read: 0, timer: 0 },
}

/** Tells how a node is: its figures, and what it knows of its servers. */
export class Figures {
  readonly #parts: CoherenceParts
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #suspects: readonly Suspects[]
  readonly #followers: LogFollowers
  /** The number of invalidations for which there was no room. */
  dropped = 0
  #checkedAtMs = -Infinity

  constructor(
    parts: CoherenceParts,
    state: NodeState,
    outbox: Outbox,
    suspects: readonly Suspects[],
    followers: LogFollowers,
  ) {
    this.#parts = parts
    this.#state = state
    this.#outbox = outbox
    this.#suspects = suspects
    this.#followers = followers
  }

  /** The number of invalidations that wait for an acknowledgement. */
  get queued(): number {
    const { keys, tags, prefixes, overflowed } = this.#queues
    return keys + tags + prefixes + overflowed
  }

  health(): StoreHealth {
    const { remote, bus, local } = this.#parts
    const { clock, settings } = this.#state
    // A server of which nothing is asked may be gone without a sign.
    if (clock.now() - this.#checkedAtMs >= settings.heartbeatMs) {
      this.#checkedAtMs = clock.now()
      void remote.check?.()
      void bus?.check?.()
    }
    const isTiered = local !== undefined
    const { policy: name, heartbeatMs, maxLagMs, maxStaleMs } = settings
    return {
      engine: isTiered ? 'tiered' : 'redis',
      ...remote.place,
      servers: remote.servers ?? [],
      syncAgeMs: this.#followers.syncAgeMs,
      ...(bus?.state !== undefined && { bus: bus.state }),
      queued: this.queued,
      ...(isTiered && { policy: { name, heartbeatMs, maxLagMs, maxStaleMs } }),
    }
  }

  stats(): StoreStats {
    const { servers, unreadable } = this.#parts.remote
    return {
      ...(this.#parts.local?.stats() ?? NOTHING_KEPT),
      breaker: servers?.some((one) => one.breaker === 'open') === true ? 'open' : 'closed',
      syncAgeMs: this.#followers.syncAgeMs,
      outbox: { ...this.#queues, dropped: this.dropped },
      unreadable,
    }
  }

  get #queues(): Record<'keys' | 'prefixes' | 'tags' | 'overflowed', number> {
    const { keys, prefixes } = this.#outbox.sizes
    const overflowed = this.#suspects.reduce((sum, { count }) => sum + count, 0)
    return { keys, prefixes, tags: this.#state.table.queue.size, overflowed }
  }
}
