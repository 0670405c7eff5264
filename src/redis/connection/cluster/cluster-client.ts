import type { TimerHandle } from '../../../core/time/clock.ts'
import { StoreUnavailableError } from '../../../core/errors.ts'
import { toldElsewhere } from '../../../core/logging/log.ts'
import { BaseClient } from '../base-client.ts'
import type { Connection, RedisClient } from '../client.ts'
import { ClusterNodes } from './cluster-nodes.ts'
import { BusLog } from '../guard/bus-log.ts'
import type { ClusterSource } from '../../libraries/cluster-source.ts'
import { GuardedConnection } from '../guard/guarded-connection.ts'
import { Lasting } from '../guard/lasting.ts'
import { normalize } from '../guard/refusals.ts'
import { ServerLog, type Loss } from '../guard/server-log.ts'
import { slotOf } from '../slot.ts'
import { SlotConnection } from './slot-connection.ts'
import type { Surroundings } from '../../libraries/surroundings.ts'
import { SwitchedLine } from '../../libraries/switched-line.ts'

/**
 * The interval of asking for the masters while one of them is lost, and of looking for another node to subscribe to.
 */
const REFRESH_MS = 500
/** The time that a cluster may report itself as down although all of its masters answer, or that it may move a slot. */
const PATIENCE_MS = 5000

/**
 * A client of a cluster. Commands go straight to the client of the node that has their slot. The client library knows
 * the nodes of slots. This client asks it to refresh them if a node is lost, and to follow if a node says that a slot
 * moved.
 */
export class ClusterClient<Master extends object> extends BaseClient {
  readonly isCluster = true
  readonly isOrdered = false
  readonly isOneEndpoint = false
  readonly database = 0
  readonly #source: ClusterSource<Master>
  readonly #nodes: ClusterNodes<Master>
  readonly #slots = new Map<number, SlotConnection>()
  readonly #waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = []
  #timer: TimerHandle = undefined
  #isRefreshing = false
  // The log of the cluster while no node is known. Each known node has its own.
  readonly #log: ServerLog
  #trouble: ReturnType<typeof normalize> | undefined = undefined
  #starting: Promise<void> | undefined = undefined
  #hasWaited = false
  readonly #down: Lasting
  readonly #moving: Lasting
  #isClosed = false

  constructor(source: ClusterSource<Master>, surroundings: Surroundings) {
    super(surroundings)
    this.#source = source
    this.#down = new Lasting(surroundings.clock, PATIENCE_MS)
    this.#moving = new Lasting(surroundings.clock, PATIENCE_MS)
    this.#log = ServerLog.of('the cluster', surroundings)
    this.#nodes = new ClusterNodes(source, this, surroundings, {
      onUp: () => {
        this.tellReconnected()
        this.#onUp()
      },
      onTrouble: () => this.#refreshSoon(),
      onClusterDown: (reason) => this.#onClusterDown(reason),
      onMoving: (reason) => this.#onMoving(reason),
    })
    source.listen({
      onChange: () => this.#adopt(),
      onTrouble: (error) => this.#onTrouble(error),
    })
    this.#adopt()
    if (!this.#isWell()) this.#await()
  }

  get place(): string {
    const names = this.#source
      .masters()
      .flatMap((master) => (master === undefined ? [] : this.#source.nameOf(master)))
    return names.length === 0 ? 'the cluster' : `the cluster of ${names.join(', ')}`
  }

  /** @internal */
  leftAfter(waiting: Promise<void>, withinMs: number | undefined): Promise<number> {
    return this.surroundings.deadlines.leftAfter(waiting, withinMs)
  }

  /** @internal */
  waiting(): Promise<void> | undefined {
    if (this.#starting !== undefined || this.#hasWaited || this.#isClosed) return this.#starting
    this.#refresh()
    this.#await()
    return this.#starting
  }

  // Calls wait for the connection as they do for one server: at the beginning, and after a loss that no call has met.
  #await(): void {
    this.#hasWaited = true
    this.#starting = this.surroundings.deadlines.within(this.whenUp()).then(() => {
      this.#starting = undefined
    })
  }

  connectionFor(route: string): Connection {
    const slot = slotOf(route)
    let connection = this.#slots.get(slot)
    if (connection === undefined) {
      connection = new SlotConnection(slot, route, this)
      this.#slots.set(slot, connection)
    }
    return connection
  }

  /** @internal */
  connectionOf(slot: SlotConnection): GuardedConnection | undefined {
    const master = this.#source.masterOf(slot.slot)
    if (master === slot.master && master !== undefined) return slot.connection
    if (master === undefined) {
      this.#refreshSoon()
      return undefined
    }
    this.#resolve(slot, master)
    return slot.connection
  }

  /** @internal */
  refuse(slot: SlotConnection): Promise<never> {
    return this.surroundings.turn.refuse(this.#unknownMaster(slot))
  }

  #unknownMaster({ slot, connection }: SlotConnection): StoreUnavailableError {
    const trouble = this.#trouble
    this.#log.failed()
    if (trouble === undefined) {
      const error = toldElsewhere(new StoreUnavailableError(`no master of slot ${slot} is known`))
      connection?.guard.server?.lost(this, error)
      return error
    }
    const message = `not connected to the cluster: ${trouble.message}`
    const { reason } = trouble
    return toldElsewhere(new StoreUnavailableError(message, reason === 'timeout' ? {} : { reason }))
  }

  // Connects all slots that have moved at once, so that a change of servers is not reported once per slot.
  #resolve(slot: SlotConnection, master: Master): void {
    const isFirst = slot.master === undefined
    this.#connect(slot, master)
    if (isFirst) return
    for (const other of this.#slots.values()) {
      const itsMaster = this.#source.masterOf(other.slot)
      if (other.master !== undefined && itsMaster !== undefined && other.master !== itsMaster)
        this.#connect(other, itsMaster)
    }
    this.#adopt()
    this.tellReconnected()
  }

  #connect(slot: SlotConnection, master: Master): void {
    const { line, guard } = this.#nodes.of(master).connection
    slot.master = master
    slot.connection = new GuardedConnection(line, guard, (args, form, error) => {
      this.#onRedirection(slot, error)
      return this.#source.redirect(slot.key, args, form)
    })
  }

  // Two servers of one history answer for a slot that is being moved. Another server answers for one that has moved.
  #onRedirection(slot: SlotConnection, error: unknown): void {
    const { message } = error as Error
    if (!message.startsWith('MOVED') || message === slot.movedTo) return
    slot.movedTo = message
    this.tellReconnected()
  }

  sharesServer(route: string, other: string): boolean {
    return this.#source.masterOf(slotOf(route)) === this.#source.masterOf(slotOf(other))
  }

  async masters(): Promise<readonly Connection[]> {
    await this.#starting
    this.#adopt()
    const masters = this.#source.masters()
    const known = masters.filter((master) => master !== undefined)
    if (known.length > 0 && known.length === masters.length)
      return known.map((master) => this.#nodes.of(master).connection)
    this.#refreshSoon()
    const error = toldElsewhere(new StoreUnavailableError('not all masters of the cluster are known'))
    return this.surroundings.turn.refuse(error)
  }

  subscribe(...args: Parameters<RedisClient['subscribe']>): () => void {
    const { timers, random } = this.surroundings
    const line = new SwitchedLine(() => timers.clear(timer))
    let at: Master | undefined
    let timer: TimerHandle
    const busLog = new BusLog('a node of the cluster', this.surroundings, () => at && this.#nodes.logOf(at))
    const end = this.subscribeOver(line, busLog, ...args)
    // Any node will do, because each node of a cluster receives the messages of all.
    const look = (): void => {
      const masters = this.#source.masters()
      if (!line.isUp || at === undefined || !masters.includes(at)) {
        const well = masters.filter(
          (master) => master !== undefined && master !== at && this.#nodes.of(master).isWell,
        )
        const next = well[Math.floor(random() * well.length)]
        if (next !== undefined) {
          // Cleared first, because leaving a line for another one is no loss of the connection.
          at = undefined
          line.switchTo(this.#source.openLike(next))
          at = next
        }
      }
      timer = timers.set(look, REFRESH_MS * (0.75 + random() / 2))
    }
    look()
    return end
  }

  /** Resolves when every master is connected. @throws StoreUnavailableError if the attempt under way fails. */
  whenUp(): Promise<void> {
    if (this.#isWell()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  protected closeConnections(): void | Promise<void> {
    this.#isClosed = true
    this.#log.left(this)
    this.surroundings.timers.clear(this.#timer)
    this.#nodes.close()
    return this.#source.close()
  }

  // Logs a line for the cluster only if no node is known. Each known node has its own line.
  #onTrouble(error: unknown): void {
    const reason = normalize(error, this.surroundings.mask)
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    if (this.#isClosed || this.#source.masters().length > 0) return
    this.#trouble = reason
    // The logs of its servers have reported it.
    if (!this.#nodes.isAnyAway) this.#log.lost(this, reason)
  }

  #adopt(): void {
    if (this.#isClosed) return
    this.#nodes.adopt()
    this.#onUp()
  }

  #onUp(): void {
    if (!this.#isWell()) return
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    this.#trouble = undefined
    this.#hasWaited = false
    this.#log.up(this)
  }

  #isWell(): boolean {
    const masters = this.#source.masters()
    return (
      masters.length > 0 && masters.every((master) => master !== undefined && this.#nodes.of(master).isWell)
    )
  }

  // Repeats while something is wrong, because no client library notices by itself that a master was replaced.
  #refreshSoon(): void {
    if (this.#isRefreshing || this.#isClosed) return
    this.#isRefreshing = true
    const delayMs = REFRESH_MS * (0.5 + this.surroundings.random())
    this.#timer = this.surroundings.timers.set(() => {
      this.#isRefreshing = false
      this.#nodes.tellMissing()
      this.#refresh()
      if (!this.#isWell()) this.#refreshSoon()
    }, delayMs)
  }

  // A lost master has logged the reason. A master that is back is not trusted by the others at once.
  #onClusterDown(reason: Loss): void {
    if (!this.#isWell()) this.#down.reset()
    if (this.#down.isTold()) this.#log.isIncomplete(reason)
  }

  // A slot is usually moved within seconds.
  #onMoving(reason: Loss): void {
    if (this.#moving.isTold()) this.#log.isMoving(reason)
  }

  #refresh(): void {
    const masters = this.#source.masters()
    this.#source.refresh(masters.find((master) => master !== undefined && this.#nodes.of(master).isWell))
  }
}
