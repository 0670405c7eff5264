import type { EventLoop } from '../machine/event-loop.ts'
import { Keyspace, LEDGER, type Item } from './keyspace.ts'
import type { Faults } from '../machine/network.ts'
import type { SeededRandom } from '../../src/testing/random.ts'
import type { SimulatedServer } from './server.ts'

/** A replica: the changes of its primary that it has applied. They come in order, some time later. */
interface Replica {
  keyspace: Keyspace
  /** The last change of the primary that it has; `undefined` while it is not connected to it. */
  applied: number | undefined
  arrivesAtMs: number
  /** Groups of changes on their way to the replica. */
  readonly queue: Group[]
}

interface Group {
  readonly offset: number
  readonly changes: readonly Change[]
}

type Change = readonly [name: string, item: Item | undefined]

const RESYNC_MS = [20, 200] as const

/** A primary with replicas that follow it asynchronously, and its failures. */
export class Replication {
  readonly #loop: EventLoop
  readonly #random: SeededRandom
  readonly #faults: Faults
  readonly #make: (id: string, items: Keyspace) => SimulatedServer
  readonly #replicas: Replica[] = []
  readonly #snapshots: { readonly atMs: number; readonly items: Keyspace }[] = []
  #primary: SimulatedServer
  #starts = 0
  #offset = 0
  #group: { readonly atMs: number; readonly changes: Change[] } | undefined

  constructor(
    loop: EventLoop,
    random: SeededRandom,
    faults: Faults,
    make: (id: string, items: Keyspace) => SimulatedServer,
  ) {
    this.#loop = loop
    this.#random = random
    this.#faults = faults
    this.#make = make
    this.#primary = this.#start(new Keyspace())
    for (let index = 0; index < faults.replicas; index++) {
      this.#replicas.push({ keyspace: new Keyspace(), applied: this.#offset, arrivesAtMs: 0, queue: [] })
    }
  }

  get primary(): SimulatedServer {
    return this.#primary
  }

  /** Promotes a replica. The old primary may go on by itself. The other replicas follow the new one after a while. */
  promote(choose: (replicas: number) => number, isSplit: boolean): void {
    const [promoted] = this.#replicas.splice(choose(this.#replicas.length), 1)
    if (promoted === undefined) return
    const old = this.#primary
    old.down = !isSplit
    this.#primary = this.#start(promoted.keyspace)
    this.#replicas.push({ keyspace: new Keyspace(old.items), applied: undefined, arrivesAtMs: 0, queue: [] })
    this.#resync()
  }

  /** Starts the primary without data. Invalidations stay in effect because there is nothing old to be found. */
  restart(): void {
    const ledger = [...this.#primary.items].filter(([name]) => name.startsWith(LEDGER))
    this.#primary.down = true
    this.#primary = this.#start(new Keyspace(ledger))
    this.#resync()
  }

  /** Keeps a copy of the primary's data for a later rollback. */
  snapshot(): void {
    this.#snapshots.push({ atMs: this.#loop.now(), items: new Keyspace(this.#primary.items) })
  }

  /** Starts the primary with the newest snapshot that is at least so old; `false` = there is none. */
  rollback(ageMs: number): boolean {
    const snapshot = this.#snapshots.findLast(({ atMs }) => atMs <= this.#loop.now() - ageMs)
    if (snapshot === undefined) return false
    this.#primary.down = true
    this.#primary = this.#start(new Keyspace(snapshot.items))
    this.#resync()
    return true
  }

  #start(items: Keyspace): SimulatedServer {
    if (this.#starts > 0) this.#primary.items.onChange = undefined
    this.#group = undefined
    this.#offset++
    items.onChange = (name, item) => this.#send([name, item])
    return this.#make(`p${this.#starts++}`, items)
  }

  // The changes of one event on the primary reach a replica as one, so no script is seen half done.
  #send(change: Change): void {
    const atMs = this.#loop.now()
    if (this.#group?.atMs === atMs) return void this.#group.changes.push(change)
    const changes = [change]
    this.#group = { atMs, changes }
    const offset = ++this.#offset
    for (const replica of this.#replicas)
      if (replica.applied !== undefined) this.#carry(replica, offset, changes)
  }

  #carry(replica: Replica, offset: number, changes: readonly Change[]): void {
    const { replicaLagMs, replicaStall, replicaStallMs } = this.#faults
    const primary = this.#primary
    const lagMs = this.#random.between(...(this.#random.chance(replicaStall) ? replicaStallMs : replicaLagMs))
    replica.arrivesAtMs = Math.max(replica.arrivesAtMs, this.#loop.now() + lagMs)
    // Changes arrive in the order of sending, whichever timer fires. A delay after a sum of delays may differ by a
    // rounding.
    replica.queue.push({ offset, changes })
    this.#loop.set(() => {
      if (primary !== this.#primary || !this.#replicas.includes(replica)) return
      const group = replica.queue.shift()
      if (group === undefined) return
      for (const [name, item] of group.changes) {
        if (item === undefined) replica.keyspace.delete(name)
        else replica.keyspace.set(name, item)
      }
      replica.applied = group.offset
    }, replica.arrivesAtMs - this.#loop.now())
  }

  // Until it has a whole copy of the new primary, a replica keeps the data of the old one.
  #resync(): void {
    const primary = this.#primary
    for (const replica of this.#replicas) {
      replica.applied = undefined
      replica.queue.length = 0
      this.#loop.set(
        () => {
          if (primary !== this.#primary || !this.#replicas.includes(replica)) return
          replica.keyspace = new Keyspace(primary.items)
          replica.applied = this.#offset
          replica.arrivesAtMs = this.#loop.now()
          // The present event's further changes are in no copy, so they belong to a group of their own.
          this.#group = undefined
        },
        this.#random.between(...RESYNC_MS),
      )
    }
  }
}
