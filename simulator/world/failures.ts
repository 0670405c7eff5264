import type { EventLoop } from '../machine/event-loop.ts'
import type { History, Outran } from '../judge/history.ts'
import type { Faults, Network } from '../machine/network.ts'
import type { SeededRandom } from '../../src/testing/random.ts'
import type { SimulatedRemote } from '../server/remote.ts'
import type { Replication } from '../server/replication.ts'
import type { SimulatedServer } from '../server/server.ts'

/** The parts of a node that a failure of the server concerns. */
export interface Connected {
  readonly network: Network
  readonly remote: SimulatedRemote
  listensTo: SimulatedServer
}

/** The parts of the world that failures concern. */
export interface FailingParts {
  readonly replication: Replication
  readonly nodes: readonly Connected[]
  readonly history: History
  /** Returns the judgement of invalidations that this server has lost and that need not be in a journal any more. */
  outran(server: SimulatedServer): Outran
  /** Notes that another server is the primary. */
  failedOver(primary: SimulatedServer): void
}

const SNAPSHOTS_PER_SECOND = 10

/** The failures of a server, and the nodes' way to the one that takes its place. */
export class Failures {
  readonly #loop: EventLoop
  readonly #random: SeededRandom
  readonly #faults: Faults
  readonly #parts: FailingParts

  constructor(loop: EventLoop, random: SeededRandom, faults: Faults, parts: FailingParts) {
    this.#loop = loop
    this.#random = random
    this.#faults = faults
    this.#parts = parts
  }

  /** Returns the possible failures, and the number of each in a second. */
  kinds(): readonly { readonly perSecond: number; readonly strike: () => void }[] {
    const { promotionsPerSecond, restartsPerSecond, rollbacksPerSecond } = this.#faults
    const { replication } = this.#parts
    return [
      { perSecond: promotionsPerSecond, strike: () => this.#promote() },
      { perSecond: restartsPerSecond, strike: () => this.#restart() },
      { perSecond: rollbacksPerSecond, strike: () => this.#rollback() },
      { perSecond: rollbacksPerSecond > 0 ? SNAPSHOTS_PER_SECOND : 0, strike: () => replication.snapshot() },
    ]
  }

  #promote(): void {
    const before = this.#parts.replication.primary
    const isSplit = this.#random.chance(this.#faults.splitBrain)
    this.#parts.replication.promote((replicas) => this.#random.below(replicas), isSplit)
    this.#failOver(isSplit ? 'takes over, the old primary goes on' : 'takes over', before)
  }

  #restart(): void {
    const before = this.#parts.replication.primary
    this.#parts.replication.restart()
    this.#failOver('restarts with nothing', before)
  }

  #rollback(): void {
    const before = this.#parts.replication.primary
    const ageMs = this.#random.between(...this.#faults.rollbackMs)
    if (this.#parts.replication.rollback(ageMs))
      this.#failOver(`restarts with what it had ${ageMs} ms ago`, before)
  }

  #failOver(what: string, before: SimulatedServer): void {
    const { replication, nodes, history, outran, failedOver } = this.#parts
    const { primary } = replication
    history.note(primary.id, what)
    failedOver(primary)
    const { reconnectMs: range, resubscribeMs = range } = this.#faults
    let settledMs = this.#loop.now()
    for (const node of nodes) {
      const reconnectMs = this.#random.between(...range)
      settledMs = Math.max(settledMs, this.#loop.now() + reconnectMs)
      this.#loop.set(() => node.remote.connect(replication.primary), reconnectMs)
      // Commands and messages have connections of their own.
      this.#loop.set(
        () => {
          node.listensTo = replication.primary
          node.network.resubscribe()
        },
        this.#random.between(...resubscribeMs),
      )
    }
    const invalidatedVersion = (key: string): number => primary.items.invalidatedVersion(key)
    history.failedOver(settledMs, invalidatedVersion, outran(before))
  }
}
