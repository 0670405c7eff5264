import type { RemoteOp } from '../core/remote/operations.ts'
import type { Fill, Filled } from '../core/store.ts'
import type { LogFollowers } from './log/log-followers.ts'
import type { LocalEntries } from './local-entries.ts'
import type { Operation } from './in-flight.ts'
import type { NodeState } from './node-state.ts'
import type { Outbox } from './queues/outbox.ts'
import { namedTags, type TaggedLoads } from './tags/tagged-loads.ts'

interface Sent {
  readonly index: number
  readonly op: RemoteOp
}

/** Stores loaded values under their leases. */
export class Fills {
  readonly #state: NodeState
  readonly #outbox: Outbox
  readonly #loads: TaggedLoads
  readonly #followers: LogFollowers
  readonly #entries: LocalEntries

  constructor(
    state: NodeState,
    outbox: Outbox,
    loads: TaggedLoads,
    followers: LogFollowers,
    entries: LocalEntries,
  ) {
    this.#state = state
    this.#outbox = outbox
    this.#loads = loads
    this.#followers = followers
    this.#entries = entries
  }

  /** Sends fills and returns whether each was stored; settles the leases. @throws if the server does not answer. */
  async run(fills: readonly Fill[]): Promise<readonly Filled[]> {
    const { remote, local, leases, clock, time } = this.#state
    const accepted = fills.map((): Filled => false)
    try {
      const untilMs = time.end(fills.length)
      const sent = await this.#prepare(fills, untilMs)
      if (sent.length === 0) return accepted
      const startedAtMs = clock.now()
      const ops = sent.map(({ op }) => op)
      const results = await remote.write(ops, time.left(untilMs))
      const failed: Operation[] = []
      for (const [position, { index, op }] of sent.entries()) {
        const result = results[position]!
        const fill = fills[index]!
        const marker = fill.lease as Operation
        accepted[index] = result.outdated === true ? 'outdated' : result.ok
        if (result.failure !== undefined) failed.push(marker)
        else this.#followers.noteExecuted(op, result)
        if (result.failure !== undefined || fill.skip === 'l1') local?.drop(op.key, Infinity)
        else this.#entries.written(marker, fill, result, startedAtMs)
      }
      // The server may not have received the fill, which would have ended the lease.
      if (failed.length > 0) void leases.giveBack(failed)
      if (failed.length === sent.length) throw results.find(({ failure }) => failure !== undefined)!.failure
    } finally {
      for (const { lease } of fills) this.#state.settle(lease as Operation)
    }
    return accepted
  }

  // Returns the fills that may be sent. While the server is away, the others may be kept here.
  async #prepare(fills: readonly Fill[], untilMs: number): Promise<readonly Sent[]> {
    const loads = this.#loads
    const sent: Sent[] = []
    const unused: Operation[] = []
    // If the server does not answer, the value is stored nowhere, because the generations of its tags are unknown.
    const isAsked = fills.length === 1 || (await loads.ask(fills, untilMs))
    for (const [index, fill] of fills.entries()) {
      const marker = fill.lease as Operation
      const lifeMs = fill.ttlMs + (fill.graceMs ?? 0)
      const isNamed = isAsked
        ? await loads.name(marker, fill.tags, lifeMs, untilMs).catch(() => false)
        : namedTags(marker, fill.tags).length === 0
      const isHeld = marker.held && !marker.dead && !this.#outbox.has(marker.key)
      if (isNamed && isHeld && fill.skip !== 'l2') sent.push({ index, op: fillOp(fill, marker) })
      else {
        if (isNamed && isHeld) this.#entries.loaded(marker, fill)
        else if (isNamed && fill.skip !== 'l1') this.#entries.outage(marker, fill)
        if (marker.held) unused.push(marker)
      }
    }
    // A flush, or an operation that changed nothing, has left the lease on the server. Other nodes must not wait for
    // it.
    if (unused.length > 0) void this.#state.leases.giveBack(unused)
    return sent
  }
}

function fillOp({ lease, stored, ttlMs, graceMs, rowVersion }: Fill, marker: Operation): RemoteOp {
  const { generations } = marker
  return {
    kind: 'fill',
    key: lease.key,
    token: marker.token,
    stored,
    ttlMs,
    graceMs,
    rowVersion,
    generations,
  }
}
