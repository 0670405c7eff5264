import type { Random, TimerHandle, Timers } from '../../../core/time/clock.ts'
import { withBuffers, type Arg, type ReplyForm } from '../../connection/client.ts'
import { providerLike } from '../../connection/credentials.ts'
import { closeAfter, whenOpened } from '../../connection/closing.ts'
import { listenTo, type ClientEvents } from '../client-events.ts'
import type { ClusterListener, ClusterSource } from '../cluster-source.ts'
import { LentLine } from '../lent-line.ts'
import { withReason, type Line, type SubscriberLine } from '../line.ts'
import { BYTES, NodeRedisLine, TEXT, type NodeRedis, type NodeRedisOptions } from './line.ts'
import { nodeRedisName, nodeRedisRules } from './source.ts'
import { reconnectDelayMs } from '../../connection/reconnect-delay.ts'

interface ClusterNode {
  client?: NodeRedis | undefined
}

/** The used part of a cluster client of node-redis 5 or 6. */
export interface NodeRedisCluster extends ClientEvents {
  readonly isOpen: boolean
  readonly masters: readonly ClusterNode[]
  readonly slots: readonly ({ readonly master: ClusterNode } | undefined)[]
  connect(): Promise<unknown>
  destroy(): unknown
  /** Returns the client of a node, and makes it if there is none. */
  nodeClient(node: ClusterNode): Promise<NodeRedis>
  sendCommand(
    firstKey: string,
    isReadonly: boolean,
    args: readonly (string | Buffer)[],
    options: NodeRedisOptions,
  ): Promise<unknown>
  /** The part that finds changed masters. The client itself uses it only if a node says that a slot has moved. */
  readonly _slots?: { rediscover?(startWith: NodeRedis): Promise<unknown> }
}

/** The time that the first connection may take before it is tried again. */
const CONNECT_MS = 15_000

/**
 * The number of refreshes without a healthy master after which all nodes are taken to have moved: about two seconds.
 */
const MOST_IN_VAIN = 4

/** The masters of a cluster client of node-redis. */
export class NodeRedisClusterSource implements ClusterSource<NodeRedis> {
  readonly #make: (() => NodeRedisCluster) | undefined
  readonly #random: Random
  readonly #timers: Timers
  #listener: ClusterListener | undefined = undefined
  #detach: (() => void) | undefined = undefined
  #timer: TimerHandle = undefined
  #cluster: NodeRedisCluster
  #attempt = 0
  // The work of the client that opens connections. It goes on after the client's end.
  #opening = new Set<Promise<unknown>>()
  #inVain = 0
  #reason: unknown = undefined

  /** `make` makes such a client of our own; absent for a client of the user. */
  constructor(cluster: NodeRedisCluster, random: Random, timers: Timers, make?: () => NodeRedisCluster) {
    this.#cluster = cluster
    this.#make = make
    this.#random = random
    this.#timers = timers
  }

  masters(): readonly (NodeRedis | undefined)[] {
    return this.#cluster.masters.map(({ client }) => client)
  }

  masterOf(slot: number): NodeRedis | undefined {
    return this.#cluster.slots[slot]?.master.client
  }

  nameOf(master: NodeRedis): string {
    return nodeRedisName(master)
  }

  lineOf(master: NodeRedis): Line {
    if (this.#make !== undefined) return new NodeRedisLine(master, undefined, () => this.#renew(master))
    return new LentLine(new NodeRedisLine(master), () => this.openLike(master))
  }

  #renew(master: NodeRedis): void {
    const node = this.#cluster.masters.find(({ client }) => client === master)
    if (node === undefined) return
    node.client = undefined
    master.destroy()
    this.#track(this.#cluster.nodeClient(node)).then(this.#onChange, ignore)
    this.#onChange()
  }

  openLike(master: NodeRedis): SubscriberLine {
    const rules = nodeRedisRules(master.options?.socket ?? {}, this.#random)
    const like = { ...rules, ...providerLike(master) }
    return NodeRedisLine.own(() => master.duplicate(like))
  }

  redirect(key: string, args: readonly Arg[], form: ReplyForm): Promise<unknown> {
    return this.#cluster.sendCommand(key, false, withBuffers(args), form === 'bytes' ? BYTES : TEXT)
  }

  refresh(well: NodeRedis | undefined): void {
    this.#connectNodes()
    if (well === undefined) return this.#missAll()
    this.#inVain = 0
    const slots = this.#cluster._slots
    if (typeof slots?.rediscover !== 'function') return
    this.#track(slots.rediscover(well)).then(this.#onChange, ignore)
  }

  // The client knows nodes by the addresses that they announce, and forgets the address that it was given.
  #missAll(): void {
    this.#inVain++
    if (this.#make === undefined || this.#inVain < MOST_IN_VAIN || this.#listener === undefined) return
    // While it has no masters, the client asks the addresses that it was given.
    if (this.#cluster.masters.length === 0) return
    this.#inVain = 0
    this.#end()
    this.#cluster = this.#make()
    this.#attempt++
    this.#begin()
    this.#onChange()
  }

  listen(listener: ClusterListener): void {
    this.#listener = listener
    this.#begin()
  }

  #begin(): void {
    this.#detach = listenTo(this.#cluster, { error: this.#note, 'node-ready': this.#onChange })
    if (this.#cluster.isOpen) this.#connectNodes()
    else this.#connect()
  }

  // With `minimizeConnections` a node has no client before its first command.
  #connectNodes(): void {
    const cluster = this.#cluster
    if (!cluster.isOpen) return
    for (const node of cluster.masters)
      if (node.client === undefined) this.#track(cluster.nodeClient(node)).then(this.#onChange, ignore)
  }

  // A client of the user may be ended as soon as the cache is closed, and loses sight of what opens after its end.
  close(): void | Promise<void> {
    this.#listener = undefined
    const opening = this.#make === undefined ? this.#opening : []
    this.#end()
    return whenOpened(opening, this.#timers)
  }

  #end(): void {
    this.#timers.clear(this.#timer)
    this.#detach?.()
    const cluster = this.#cluster
    if (this.#make !== undefined) closeAfter(this.#opening, this.#timers, () => destroy(cluster))
    this.#opening = new Set()
  }

  // The errors of single nodes. The error of the cluster comes with the attempt to connect.
  readonly #note = (error: unknown): void => {
    this.#reason = error
  }

  readonly #onChange = (): void => {
    if (this.#listener === undefined) return
    this.#connectNodes()
    this.#listener.onChange()
  }

  // The client gives up if no node can be reached, and waits for ever for a silent node.
  #connect(): void {
    this.#attempt++
    const attempt = this.#attempt
    this.#later(CONNECT_MS, () => {
      if (this.#make !== undefined) destroy(this.#cluster)
      this.#connect()
    })
    this.#track(this.#cluster.connect()).then(
      () => {
        if (attempt !== this.#attempt) return
        this.#timers.clear(this.#timer)
        this.#onChange()
      },
      (error: unknown) => {
        if (attempt !== this.#attempt || this.#listener === undefined) return
        this.#listener.onTrouble(withReason(error, this.#reason))
        this.#reason = undefined
        this.#later(reconnectDelayMs(attempt, this.#random), () => this.#connect())
      },
    )
  }

  #track<T>(opening: Promise<T>): Promise<T> {
    const all = this.#opening
    const forget = (): void => void all.delete(opening)
    all.add(opening)
    opening.then(forget, forget)
    return opening
  }

  #later(delayMs: number, call: () => void): void {
    this.#timers.clear(this.#timer)
    this.#timer = this.#timers.set(call, delayMs)
  }
}

function ignore(): void {}

// Release 5 stops at the first node that is closed already.
function destroy(cluster: NodeRedisCluster): void {
  const clients = cluster.masters.map(({ client }) => client)
  for (const part of [cluster, ...clients])
    try {
      Promise.resolve(part?.destroy()).catch(ignore)
    } catch {
      // It was closed already.
    }
}
