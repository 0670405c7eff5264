import type { TimerHandle } from '../../core/time/clock.ts'
import { StoreUnavailableError } from '../../core/errors.ts'
import { toldElsewhere } from '../../core/logging/log.ts'
import { BaseClient } from './base-client.ts'
import type { Connection, RedisClient } from './client.ts'
import { BusLog } from './guard/bus-log.ts'
import type { ClusterSource } from '../libraries/cluster-source.ts'
import { GuardedConnection } from './guard/guarded-connection.ts'
import { GuardedNode } from './guard/guarded-node.ts'
import { normalize } from './guard/refusals.ts'
import { ServerLog, type Loss } from './guard/server-log.ts'
import { slotOf } from './slot.ts'
import { SlotConnection } from './slot-connection.ts'
import type { Surroundings } from '../libraries/surroundings.ts'
import { SwitchedLine } from '../libraries/switched-line.ts'

/**
 * The interval of asking for the masters while one of them is lost, and of looking for another node to subscribe to.
 */
const REFRESH_MS = 500
/** The time that a cluster may report itself as down although all of its masters answer. */
const PATIENCE_MS = 5000

const MISSING = toldElsewhere(new StoreUnavailableError('the connection was closed'))

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
  // By name, because a client library may use several clients for one server in turn.
  readonly #logs = new Map<string, ServerLog>()
  readonly #nodes = new Map<Master, GuardedNode>()
  readonly #slots = new Map<number, SlotConnection>()
  readonly #waiting: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = []
  #timer: TimerHandle = undefined
  #isRefreshing = false
  // The log of the cluster while no node is known. Each known node has its own.
  readonly #log: ServerLog
  // The logs of nodes that were lost, before that is logged.
  readonly #missing = new Set<ServerLog>()
  #trouble: ReturnType<typeof normalize> | undefined = undefined
  #starting: Promise<void> | undefined = undefined
  #hasWaited = false
  #lastDownMs = -Infinity
  #downSinceMs = 0
  #isClosed = false

  constructor(source: ClusterSource<Master>, surroundings: Surroundings) {
    super(surroundings)
    this.#source = source
    this.#log = ServerLog.of('the cluster', surroundings)
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
    const { line, guard } = this.#nodeOf(master).connection
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
      return known.map((master) => this.#nodeOf(master).connection)
    this.#refreshSoon()
    const error = toldElsewhere(new StoreUnavailableError('not all masters of the cluster are known'))
    return this.surroundings.turn.refuse(error)
  }

  subscribe(...args: Parameters<RedisClient['subscribe']>): () => void {
    const { timers, random } = this.surroundings
    const line = new SwitchedLine(() => timers.clear(timer))
    let at: Master | undefined
    let timer: TimerHandle
    const busLog = new BusLog('a node of the cluster', this.surroundings, () => at && this.#logOf(at))
    const end = this.subscribeOver(line, busLog, ...args)
    // Any node will do, because each node of a cluster receives the messages of all.
    const look = (): void => {
      const masters = this.#source.masters()
      if (!line.isUp || at === undefined || !masters.includes(at)) {
        const well = masters.filter(
          (master) => master !== undefined && master !== at && this.#nodeOf(master).isWell,
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
    for (const node of this.#nodes.values()) node.close()
    return this.#source.close()
  }

  // Logs a line for the cluster only if no node is known. Each known node has its own line.
  #onTrouble(error: unknown): void {
    const reason = normalize(error, this.surroundings.mask)
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    if (this.#isClosed || this.#source.masters().length > 0) return
    this.#trouble = reason
    // The logs of its servers have reported it.
    for (const { isAway } of this.#logs.values()) if (isAway) return
    this.#log.lost(this, reason)
  }

  // Watches nodes that have become masters, and leaves nodes that no longer are.
  #adopt(): void {
    if (this.#isClosed) return
    const masters = this.#source.masters()
    for (const master of masters) if (master !== undefined) this.#nodeOf(master)
    for (const [master, node] of this.#nodes)
      if (!masters.includes(master)) {
        if (!node.isUp) this.#miss(master)
        this.#nodes.delete(master)
        node.close()
      }
    this.#forgetReplaced(masters)
    this.#onUp()
  }

  // A client library may drop a node as soon as it loses it. The node counts as lost unless the next look finds it
  // again.
  #miss(master: Master): void {
    this.#missing.add(this.#logOf(master))
    this.#refreshSoon()
  }

  #forgetReplaced(masters: readonly (Master | undefined)[]): void {
    // A master without a connection has no name.
    const names = new Set(masters.map((master) => master && this.#source.nameOf(master)))
    if (names.size === 0 || names.has(undefined)) return
    for (const [name, serverLog] of this.#logs) {
      if (names.has(name)) continue
      this.#logs.delete(name)
      this.#missing.delete(serverLog)
      serverLog.left(this)
      serverLog.replaced()
    }
  }

  #logOf(master: Master): ServerLog {
    const name = this.#source.nameOf(master)
    let serverLog = this.#logs.get(name)
    if (serverLog === undefined) {
      serverLog = ServerLog.of(name, this.surroundings)
      this.#logs.set(name, serverLog)
    }
    return serverLog
  }

  #nodeOf(master: Master): GuardedNode {
    const known = this.#nodes.get(master)
    if (known !== undefined) return known
    const node = new GuardedNode(this.#source.lineOf(master), this.#logOf(master), this.surroundings, {
      isOneOfMany: true,
      onUp: () => {
        const serverLog = this.#logOf(master)
        this.#missing.delete(serverLog)
        serverLog.left(this)
        this.tellReconnected()
        this.#onUp()
      },
      onTrouble: () => this.#refreshSoon(),
      onClusterDown: (reason) => this.#onClusterDown(reason),
    })
    this.#nodes.set(master, node)
    return node
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
      masters.length > 0 && masters.every((master) => master !== undefined && this.#nodeOf(master).isWell)
    )
  }

  // Repeats while something is wrong, because no client library notices by itself that a master was replaced.
  #refreshSoon(): void {
    if (this.#isRefreshing || this.#isClosed) return
    this.#isRefreshing = true
    const delayMs = REFRESH_MS * (0.5 + this.surroundings.random())
    this.#timer = this.surroundings.timers.set(() => {
      this.#isRefreshing = false
      for (const serverLog of this.#missing) serverLog.lost(this, MISSING)
      this.#missing.clear()
      this.#refresh()
      if (!this.#isWell()) this.#refreshSoon()
    }, delayMs)
  }

  // A lost master has logged the reason. A master that is back is not trusted by the others at once.
  #onClusterDown(reason: Loss): void {
    const nowMs = this.surroundings.clock.now()
    if (!this.#isWell() || nowMs - this.#lastDownMs > PATIENCE_MS) this.#downSinceMs = nowMs
    this.#lastDownMs = nowMs
    if (nowMs - this.#downSinceMs >= PATIENCE_MS) this.#log.isIncomplete(reason)
  }

  #refresh(): void {
    const masters = this.#source.masters()
    this.#source.refresh(masters.find((master) => master !== undefined && this.#nodeOf(master).isWell))
  }
}
