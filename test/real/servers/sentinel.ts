// A master, two replicas and three sentinels that agree on them from the start. Their configuration contains facts that
// they would otherwise need some seconds to find out.
import { randomBytes } from 'node:crypto'
import { until } from '../../support/until.ts'
import { findServers } from './find.ts'
import { freePort } from './ports.ts'
import { Program } from './program.ts'
import { connect, type Reply } from './resp.ts'
import { startRedis, waitForReplicas, type RedisServer, type ServerOptions } from './server.ts'

export const masterName = 'primary'

class Sentinel {
  readonly port: number
  readonly id: string
  readonly program: Program

  constructor(port: number, id: string, program: Program) {
    this.port = port
    this.id = id
    this.program = program
  }

  async command(...args: readonly (string | number)[]): Promise<Reply> {
    const connection = await connect({ port: this.port })
    try {
      return await connection.command(...args)
    } finally {
      connection.close()
    }
  }

  async masterPort(): Promise<number> {
    const reply = (await this.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName)) as string[]
    return Number(reply[1])
  }
}

export class SentinelGroup {
  readonly servers: readonly RedisServer[]
  readonly sentinels: readonly Sentinel[]

  constructor(servers: readonly RedisServer[], sentinels: readonly Sentinel[]) {
    this.servers = servers
    this.sentinels = sentinels
  }

  get url(): string {
    const hosts = this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
    return `redis+sentinel://${hosts}/${masterName}`
  }

  /** Returns the master that the sentinels agree on; `undefined` while they don't. */
  async agreedMaster(): Promise<RedisServer | undefined> {
    const ports = await Promise.all(this.sentinels.map(async (sentinel) => sentinel.masterPort()))
    return ports.every((port) => port === ports[0])
      ? this.servers.find(({ port }) => port === ports[0])
      : undefined
  }

  async master(): Promise<RedisServer> {
    return until('the sentinels to agree on a master', async () => this.agreedMaster())
  }

  /**
   * Kills or freezes the master, and waits until all sentinels name another, which takes writes. Returns both servers.
   */
  async failOver(by: 'kill' | 'freeze' = 'kill'): Promise<{ before: RedisServer; after: RedisServer }> {
    const before = await this.master()
    if (by === 'kill') await before.kill()
    else before.freeze()
    const after = await until('a promotion', async () => {
      const master = await this.agreedMaster()
      if (master === undefined || master === before) return undefined
      const info = await master.info('replication')
      return info.get('role') === 'master' && master
    })
    return { before, after }
  }

  async close(): Promise<void> {
    await Promise.all([
      ...this.sentinels.map(({ program }) => program.close()),
      ...this.servers.map((s) => s.close()),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function startSentinels(
  servers: readonly RedisServer[],
  binary: string,
): Promise<Sentinel[] | undefined> {
  const [master, ...replicas] = servers as [RedisServer, ...RedisServer[]]
  const peers = await Promise.all(
    [0, 1, 2].map(async () => ({ port: await freePort(), id: randomBytes(20).toString('hex') })),
  )
  const sentinels = peers.map(({ port, id }) => {
    const lines = [
      'bind 127.0.0.1',
      `port ${port}`,
      `sentinel myid ${id}`,
      `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds ${masterName} 1000`,
      `sentinel failover-timeout ${masterName} 3000`,
      `sentinel parallel-syncs ${masterName} 1`,
      ...replicas.map((replica) => `sentinel known-replica ${masterName} 127.0.0.1 ${replica.port}`),
      ...peers
        .filter((peer) => peer.id !== id)
        .map((peer) => `sentinel known-sentinel ${masterName} 127.0.0.1 ${peer.port} ${peer.id}`),
    ]
    return new Sentinel(port, id, new Program(binary, lines, ['--sentinel']))
  })
  const started = await Promise.all(
    sentinels.map(async (sentinel) =>
      sentinel.program.start(async () => {
        const reply = (await sentinel.command('SENTINEL', 'CKQUORUM', masterName)) as string
        return reply.startsWith('OK 3')
      }),
    ),
  )
  if (started.every(Boolean)) return sentinels
  await Promise.all(sentinels.map(({ program }) => program.close()))
  return undefined
}

/** Starts the six processes and waits until the sentinels would fail over. */
export async function startSentinelGroup(options: ServerOptions = {}): Promise<SentinelGroup> {
  const binary = options.program ?? findServers().program
  if (binary === undefined) throw new Error(findServers().reason)
  const master = await startRedis(options)
  const replicas = await Promise.all([0, 1].map(async () => startRedis({ ...options, replicaOf: master })))
  const servers = [master, ...replicas]
  for (;;) {
    const sentinels = await startSentinels(servers, binary)
    if (sentinels === undefined) continue
    await waitForReplicas(replicas)
    // A sentinel promotes a replica only after it has talked to it.
    for (const sentinel of sentinels) {
      await until('the sentinel to know its replicas', async () => {
        const known = (await sentinel.command('SENTINEL', 'REPLICAS', masterName)) as string[][]
        return (
          known.length === 2 &&
          known.every(
            (fields) =>
              fields[fields.indexOf('flags') + 1] === 'slave' &&
              fields[fields.indexOf('master-link-status') + 1] === 'ok',
          )
        )
      })
    }
    return new SentinelGroup(servers, sentinels)
  }
}
