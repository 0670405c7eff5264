import type { BaseCache } from '../../src/cache/base-cache.ts'
import type { AnswerWatch } from '../judge/answer-watch.ts'
import type { CounterHistory } from '../judge/counter-history.ts'
import type { Audits } from './audits.ts'
import type { Database } from '../server/database.ts'
import type { EventLoop } from '../machine/event-loop.ts'
import type { History, InvalidatedBy } from '../judge/history.ts'
import type { LeaseWatch } from '../judge/lease-watch.ts'
import type { Lifetimes } from '../server/lifetimes.ts'
import { LEAST_MS, type Network } from '../machine/network.ts'
import type { SimulatedNode, Versioned } from './node.ts'
import type { SeededRandom } from '../../src/testing/random.ts'
import { SPACE, type Target } from './targets.ts'
import type { Traffic } from './traffic.ts'

/** A node of a world. */
export type WorldNode = SimulatedNode<Network>

/** The parts of a world that clients work with. */
export interface ClientParts {
  readonly loop: EventLoop
  readonly random: SeededRandom
  readonly database: Database
  readonly history: History
  readonly lifetimes: Lifetimes | undefined
  readonly counter: CounterHistory
  /** Nodes by place. A node that died is replaced by another in its place. */
  readonly nodes: readonly WorldNode[]
  readonly targets: readonly Target[]
  readonly traffic: Traffic
  readonly isOn: () => boolean
  /** Longest time of one request. */
  readonly deadlineMs: number
  /** Time after its deadline until which a request may still arrive. */
  readonly latestMs: number
  /** Whether a request that was answered may arrive once more. */
  readonly repeats: boolean
  /** Whether tokens made since `beganMs` hold. A failover breaks them, and so do gaps that nodes do not know of yet. */
  readonly keepsTokens: (beganMs: number) => boolean
  readonly invalidated: (node: WorldNode, change: Changed) => void
  readonly leases: LeaseWatch
  readonly answers: AnswerWatch
  /** Part of a suspension that may pass unnoticed. */
  readonly unnoticedMs: number
  readonly burstsPerSecond: number
  /** The auditors of the nodes, if there are any. */
  readonly audits: Audits | undefined
}

/** An invalidation, or a `set`, that has ended. */
export interface Changed {
  readonly key: string
  readonly version: number
  readonly beganMs: number
  readonly acknowledged: boolean
  /** Whether the cache has answered that it is done, or queued. */
  readonly answeredFor: boolean
  readonly by: InvalidatedBy
}

/** The error of the values' source. Callers get this very error. */
export class DatabaseError extends Error {}

/** The calls that clients have made, and the judgement of their answers. */
export class Calls {
  readonly #parts: ClientParts
  /** Number of calls that have not been answered. */
  open = 0

  constructor(parts: ClientParts) {
    this.#parts = parts
  }

  /** Judges I11 and I12: a call rejects only with the loader's own error, and every call ends in time. */
  async run<T>(
    node: WorldNode,
    what: string,
    limitMs: number,
    call: () => Promise<T>,
  ): Promise<T | undefined> {
    const { loop, history } = this.#parts
    const { process } = node.network
    const began = { atMs: loop.now(), stoppedMs: process.stoppedMs }
    this.open++
    history.note(node.name, `${what} ...`)
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof DatabaseError) && !node.dead)
        history.violated('I11', `${what} on ${node.name} rejected: ${String(error)}`)
      return undefined
    } finally {
      this.open--
      const tookMs = loop.now() - began.atMs - (process.stoppedMs - began.stoppedMs)
      // Sums of moments are not exact to the last digit.
      if (tookMs > limitMs + 0.001 && !node.dead)
        history.violated('I12', `${what} on ${node.name} took ${tookMs} ms`)
    }
  }

  /**
   * Returns the longest time of a call that neither loads nor scans. With tags the last questions may come at its end.
   */
  limitMs({ tags }: Target): number {
    return this.#parts.deadlineMs + (tags.length > 0 ? 3 * LEAST_MS : 0)
  }
}

/** Returns the namespace for a key with tags, and the cache for a key without. */
export function viewOf({ cache }: WorldNode, { tags }: Target): BaseCache<Versioned | number> {
  return tags.length > 0 ? cache.namespace(SPACE) : cache
}
