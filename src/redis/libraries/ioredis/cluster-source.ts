import type { Random } from '../../../core/time/clock.ts'
import { isError } from '../../../internal/objects.ts'
import { withBuffers, type Arg, type ReplyForm } from '../../connection/client.ts'
import { listenTo, type ClientEvents } from '../client-events.ts'
import {
  askAtEachConnection,
  presentLogin,
  type Credentials,
  type Login,
} from '../../connection/credentials.ts'
import type { ClusterListener, ClusterSource } from '../cluster-source.ts'
import { IoredisLine, ioredisCommand, type Ioredis, type IoredisCommand } from './line.ts'
import { ioredisName, ioredisRules } from './source.ts'
import { LentLine } from '../lent-line.ts'
import { withReason, type Line, type SubscriberLine } from '../line.ts'

/** The used part of a cluster client of ioredis 5 or 6. */
export interface IoredisCluster extends ClientEvents {
  readonly status: string
  readonly options: { readonly redisOptions?: object }
  /** The addresses of each slot's nodes, the master first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(role: 'master'): readonly Ioredis[]
  connect(): Promise<unknown>
  disconnect(reconnect?: boolean): void
  call(name: string): Promise<unknown>
  sendCommand(command: IoredisCommand): Promise<unknown>
  readonly connectionPool?: { getInstanceByKey?(key: string): Ioredis | undefined }
  refreshSlotsCache?(): void
}

/**
 * The number of refreshes without a healthy master after which all nodes are taken to have moved: about two seconds.
 */
const MOST_IN_VAIN = 4

/** The masters of a cluster client of ioredis. The client forgets a lost node until it asks for all nodes again. */
export class IoredisClusterSource implements ClusterSource<Ioredis> {
  readonly #cluster: IoredisCluster
  readonly #isOwn: boolean
  readonly #credentials: Credentials | undefined
  readonly #random: Random
  readonly #command: ReturnType<typeof ioredisCommand>
  #listener: ClusterListener | undefined = undefined
  #detach: (() => void) | undefined = undefined
  #inVain = 0
  // The error of a node. The error of the cluster says only that no node has answered.
  #reason: unknown = undefined

  constructor(cluster: IoredisCluster, random: Random, isOwn: boolean, credentials?: Credentials) {
    this.#credentials = credentials
    // Listens before it connects. It asks nodes for slots over copies of their clients, and hides the errors of those.
    if (isOwn) cluster.on('+node', (node: Ioredis) => this.#listenToCopies(node))
    if (isOwn && credentials !== undefined)
      cluster.on('+node', (node: Ioredis) => void askAtEachConnection(node, credentials))
    this.#cluster = cluster
    this.#isOwn = isOwn
    this.#random = random
    this.#command = ioredisCommand(cluster)
  }

  // Taken from the slots. Before these are known, `nodes` has the addresses of the configuration; later it lacks lost
  // nodes.
  masters(): readonly (Ioredis | undefined)[] {
    const addresses = new Set<string>()
    let before: readonly string[] | undefined
    for (const nodes of this.#cluster.slots) {
      if (nodes !== before && nodes?.[0] !== undefined) addresses.add(nodes[0])
      before = nodes
    }
    return Array.from(addresses, (address) => this.#masterAt(address))
  }

  masterOf(slot: number): Ioredis | undefined {
    const address = this.#cluster.slots[slot]?.[0]
    return address === undefined ? undefined : this.#masterAt(address)
  }

  #masterAt(address: string): Ioredis | undefined {
    const pool = this.#cluster.connectionPool
    if (typeof pool?.getInstanceByKey === 'function') return pool.getInstanceByKey(address)
    return this.#cluster.nodes('master').find((master) => ioredisName(master) === address)
  }

  nameOf(master: Ioredis): string {
    return ioredisName(master)
  }

  lineOf(master: Ioredis): Line {
    if (this.#isOwn) return new IoredisLine(master, true)
    return new LentLine(new IoredisLine(master), () => this.openLike(master))
  }

  openLike(master: Ioredis): SubscriberLine {
    const client = master.duplicate(ioredisRules(this.#random))
    return new IoredisLine(
      askAtEachConnection(client, this.#credentials ?? (() => this.#login(master))),
      true,
    )
  }

  // Options of the cluster that were changed later apply to each new node.
  #login(master: Ioredis): Login {
    const { redisOptions } = this.#cluster.options
    const ofCluster = redisOptions === undefined ? {} : presentLogin({ options: redisOptions })
    return ofCluster.password === undefined ? presentLogin(master) : ofCluster
  }

  redirect(_key: string, args: readonly Arg[], form: ReplyForm): Promise<unknown> {
    const [name, ...rest] = withBuffers(args)
    // ioredis needs the name in lower case to know which arguments are keys.
    return this.#cluster.sendCommand(this.#command(String(name).toLowerCase(), rest, form))
  }

  // The client asks only the nodes that it knows. It never notices that nodes it never connected to are gone.
  refresh(well: Ioredis | undefined): void {
    this.#inVain = well === undefined ? this.#inVain + 1 : 0
    if (!this.#isOwn || this.#inVain < MOST_IN_VAIN) return this.#cluster.refreshSlotsCache?.()
    this.#inVain = 0
    if (this.#cluster.status === 'ready') this.#cluster.disconnect(true)
  }

  listen(listener: ClusterListener): void {
    this.#listener = listener
    const change = this.#onChange
    const handlers = {
      error: this.#onError,
      'node error': this.#note,
      refresh: change,
      '+node': change,
      '-node': change,
    }
    this.#detach = listenTo(this.#cluster, handlers)
    if (this.#cluster.status === 'wait') this.#cluster.connect().catch(ignore)
  }

  close(): void {
    this.#listener = undefined
    this.#detach?.()
    if (this.#isOwn) this.#cluster.disconnect()
  }

  #listenToCopies(node: Ioredis): void {
    const duplicate = node.duplicate.bind(node)
    node.duplicate = (overrides) => {
      const copy = duplicate(overrides)
      copy.on('error', this.#note)
      return copy
    }
  }

  readonly #note = (error: unknown): void => {
    if (!isClosed(error)) this.#reason = error
  }

  readonly #onError = (error: unknown): void => {
    const reason = this.#reason
    this.#reason = undefined
    this.#listener?.onTrouble(withReason(error, reason))
  }

  // Deferred, because the client emits the event before it has changed.
  readonly #onChange = (): void => queueMicrotask(() => this.#listener?.onChange())
}

function isClosed(error: unknown): boolean {
  return isError(error) && error.message === 'Connection is closed.'
}

function ignore(): void {}
