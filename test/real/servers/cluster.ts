// Three masters with a replica each. They know each other from their first configuration.
import { randomBytes } from 'node:crypto'
import { until } from '../../support/until.ts'
import { freePort } from './ports.ts'
import { RedisServer, waitForReplicas, type ServerOptions } from './server.ts'

interface Node {
  readonly id: string
  readonly port: number
  readonly busPort: number
  /** The master that it follows; `undefined` for a master. */
  readonly masterId: string | undefined
  readonly slots: string
}

const slotRanges = ['0-5460', '5461-10922', '10923-16383']

async function plan(): Promise<Node[]> {
  const newNode = async (masterId: string | undefined, slots: string): Promise<Node> => ({
    id: randomBytes(20).toString('hex'),
    port: await freePort(),
    busPort: await freePort(),
    masterId,
    slots,
  })
  const masters = await Promise.all(slotRanges.map(async (slots) => newNode(undefined, slots)))
  const replicas = await Promise.all(masters.map(async ({ id }) => newNode(id, '')))
  return [...masters, ...replicas]
}

/** Returns the file that a node of the cluster keeps: all nodes, with itself marked. */
function nodesFile(nodes: readonly Node[], self: Node): string {
  const lines = nodes.map((node, index) => {
    const role = node.masterId === undefined ? 'master' : 'slave'
    const flags = node === self ? `myself,${role}` : role
    const epoch = (index % slotRanges.length) + 1
    const end = node.slots === '' ? '' : ` ${node.slots}`
    return `${node.id} 127.0.0.1:${node.port}@${node.busPort} ${flags} ${node.masterId ?? '-'} 0 0 ${epoch} connected${end}`
  })
  return `${lines.join('\n')}\nvars currentEpoch ${slotRanges.length} lastVoteEpoch 0\n`
}

/** A row of CLUSTER NODES. */
interface Row {
  readonly id: string
  readonly port: number
  readonly flags: readonly string[]
  readonly slots: readonly string[]
}

export class RedisCluster {
  readonly servers: readonly RedisServer[]

  constructor(servers: readonly RedisServer[]) {
    this.servers = servers
  }

  get url(): string {
    const { tls = false } = this.servers[0]!.options
    const scheme = tls === false ? 'redis+cluster' : 'rediss+cluster'
    return `${scheme}://${this.servers.map(({ address }) => `${address.host}:${address.port}`).join(',')}`
  }

  /** Returns the nodes as one running server sees them. */
  async rows(seenBy: RedisServer = this.#anyRunning()): Promise<Row[]> {
    const text = String(await seenBy.command('CLUSTER', 'NODES'))
    return text
      .trim()
      .split('\n')
      .map((line) => {
        const [id = '', address = '', flags = '', , , , , , ...slots] = line.split(' ')
        const port = Number(/:(\d+)@/.exec(address)?.[1])
        return { id, port, flags: flags.split(','), slots: slots.filter((slot) => !slot.startsWith('[')) }
      })
  }

  /** Returns the running masters that have slots. */
  async masters(): Promise<RedisServer[]> {
    const rows = await this.rows()
    return this.servers.filter(({ port, running }) => {
      const row = rows.find((one) => one.port === port)
      return running && row !== undefined && row.flags.includes('master') && row.slots.length > 0
    })
  }

  /** Returns the master of a slot, as one running server sees it. */
  async ownerOf(slot: number): Promise<RedisServer> {
    const rows = await this.rows()
    const row = rows.find(({ slots }) =>
      slots.some((range) => {
        const [from = 0, to = from] = range.split('-').map(Number)
        return from <= slot && slot <= to
      }),
    )
    return this.servers.find(({ port }) => port === row!.port)!
  }

  async slotOf(key: string): Promise<number> {
    return Number(await this.#anyRunning().command('CLUSTER', 'KEYSLOT', key))
  }

  /** Moves a slot with its keys to the next master while clients use them, and returns the number of keys moved. */
  async migrateSlot(slot: number): Promise<number> {
    const from = await this.ownerOf(slot)
    const masters = await this.masters()
    const to = masters[(masters.indexOf(from) + 1) % masters.length]!
    const idOf = async (server: RedisServer): Promise<string> =>
      String(await server.command('CLUSTER', 'MYID'))
    const [fromId, toId] = [await idOf(from), await idOf(to)]
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
    let moved = 0
    for (;;) {
      const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
      if (keys.length === 0) break
      await from.command('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys)
      moved += keys.length
    }
    // The new owner is told first, because the slot must always have an owner.
    for (const server of [to, from, ...masters.filter((one) => one !== to && one !== from)]) {
      await server.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
    }
    return moved
  }

  /**
   * Kills the master of a slot, and waits until its replica is promoted and the cluster is whole. Returns both servers.
   */
  async failOver(slot = 0): Promise<{ before: RedisServer; after: RedisServer }> {
    const before = await this.ownerOf(slot)
    await before.kill()
    const after = await until('a promotion', async () => {
      const owner = await this.ownerOf(slot)
      return owner !== before && (await this.#isWhole()) && owner
    })
    return { before, after }
  }

  /** Whether every running node takes the cluster for complete. */
  async #isWhole(): Promise<boolean> {
    const states = await Promise.all(
      this.servers
        .filter(({ running }) => running)
        .map(async (server) => String(await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok')),
    )
    return states.every(Boolean)
  }

  async waitUntilWhole(): Promise<void> {
    await until('the cluster to be whole', async () => this.#isWhole())
  }

  #anyRunning(): RedisServer {
    const server = this.servers.find(({ running }) => running)
    if (server === undefined) throw new Error('No node of the cluster runs.')
    return server
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map(async (server) => server.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Starts the six nodes and waits until all agree and the replicas have their data. */
export async function startCluster(options: ServerOptions = {}): Promise<RedisCluster> {
  for (;;) {
    const nodes = await plan()
    const servers = nodes.map(
      (node) =>
        new RedisServer(node.port, {
          ...options,
          config: [
            'cluster-enabled yes',
            'cluster-config-file nodes.conf',
            `cluster-port ${node.busPort}`,
            'cluster-node-timeout 1000',
            'cluster-replica-validity-factor 0',
            ...((options.tls ?? false) === false ? [] : ['tls-cluster yes', 'tls-replication yes']),
            ...(options.config ?? []),
          ],
          files: { 'nodes.conf': nodesFile(nodes, node) },
        }),
    )
    const cluster = new RedisCluster(servers)
    const started = await Promise.all(servers.map(async (server) => server.start()))
    if (!started.every(Boolean)) {
      await cluster.close()
      continue
    }
    await cluster.waitUntilWhole()
    await waitForReplicas(servers.filter((_, index) => nodes[index]!.masterId !== undefined))
    return cluster
  }
}
