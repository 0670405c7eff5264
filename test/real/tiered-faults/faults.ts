// The faults, one by one: their beginning, and their end.
import { setTimeout as sleep } from 'node:timers/promises'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { sharedNow } from '../../support/peer-side.ts'
import {
  startCluster,
  startHosted,
  startProxy,
  startRedis,
  startReplica,
  startSentinelGroup,
  type FaultProxy,
  type RedisServer,
} from '../servers/index.ts'
import { NODES, ROWS } from './scheme.ts'

/** A server and its fault. */
export interface Stage extends AsyncDisposable {
  readonly url: string
  /** Returns a node's own address of the server, if not all nodes share one. */
  urlOf?(node: number): string
  /** Another address for the bus, if any. */
  readonly busUrl: string | undefined
  begin(): Promise<void>
  end(): Promise<void>
}

export interface Fault {
  readonly name: string
  /** Whether the server may come back with entries that had been invalidated. */
  readonly losesHistory: boolean
  /** Whether it ends by itself, and `begin` waits for that. */
  readonly isOverAtOnce?: boolean
  /** Whether the cache has to make other connections, as it can if it has made the first. */
  readonly opensConnections?: boolean
  start(): Promise<Stage>
}

const nothing = async (): Promise<void> => undefined

function stageOf(server: RedisServer, parts: Partial<Stage>): Stage {
  return {
    url: server.url,
    busUrl: undefined,
    begin: nothing,
    end: nothing,
    [Symbol.asyncDispose]: async () => server.close(),
    ...parts,
  }
}

/** Repeats a step from `begin` to `end`. */
function repeatedly(step: () => Promise<unknown>, everyMs: number): Pick<Stage, 'begin' | 'end'> {
  const goesOn = { now: false }
  let loop = Promise.resolve()
  const run = async (): Promise<void> => {
    while (goesOn.now) {
      await step()
      await sleep(everyMs)
    }
  }
  return {
    begin: async () => {
      goesOn.now = true
      loop = run()
    },
    end: async () => {
      goesOn.now = false
      await loop
    },
  }
}

function onServer(name: string, make: (server: RedisServer) => Partial<Stage>): Fault {
  return {
    name,
    losesHistory: false,
    start: async () => {
      const server = await startRedis()
      return stageOf(server, make(server))
    },
  }
}

function blackHole(proxy: FaultProxy): Pick<Stage, 'begin' | 'end'> {
  return {
    begin: async () => {
      proxy.mode = { kind: 'black-hole' }
    },
    end: async () => {
      proxy.mode = { kind: 'pass' }
    },
  }
}

// Every new connection ends the same way, while the fault lasts.
function halfOpen(proxy: FaultProxy): Pick<Stage, 'begin' | 'end'> {
  return repeatedly(async () => proxy.cutServerSide(), 50)
}

/** Makes faults of the bus's way alone, or of all connections of the last node. */
function onTheWay(
  name: string,
  of: 'bus' | 'last node',
  make: (proxy: FaultProxy) => Pick<Stage, 'begin' | 'end'>,
): Fault {
  return {
    name,
    losesHistory: false,
    start: async () => {
      const server = await startRedis()
      const proxy = await startProxy(server)
      return stageOf(server, {
        ...(of === 'bus'
          ? { busUrl: proxy.url }
          : { urlOf: (node: number) => (node === NODES - 1 ? proxy.url : server.url) }),
        ...make(proxy),
        [Symbol.asyncDispose]: async () => {
          await proxy.close()
          await server.close()
        },
      })
    },
  }
}

// All data are written to the file before the acknowledgement, and survive the process.
const DURABLE = { config: ['appendonly yes', 'appendfsync no'] }

async function startEvicting(): Promise<Stage> {
  const server = await startRedis()
  const connection = await server.connect()
  let filler = 0
  const fill = repeatedly(async () => {
    for (let index = 0; index < 50; index++)
      await connection.command('SET', `filler:${++filler}`, 'x'.repeat(1000), 'EX', 60).catch(nothing)
  }, 10)
  return stageOf(server, {
    begin: async () => {
      await server.limitMemory('allkeys-random', 1_000_000)
      await fill.begin()
    },
    end: async () => {
      await fill.end()
      await server.unlimitMemory()
    },
    [Symbol.asyncDispose]: async () => {
      connection.close()
      await server.close()
    },
  })
}

async function startOldSnapshot(): Promise<Stage> {
  const server = await startRedis()
  let snapshot: Buffer
  return stageOf(server, {
    begin: async () => {
      snapshot = await server.snapshot()
      const takenAtMs = sharedNow()
      while (sharedNow() < takenAtMs + 3000) await sleep(100)
      await server.restart(snapshot)
    },
  })
}

async function startSentinel(): Promise<Stage> {
  const group = await startSentinelGroup()
  return {
    url: group.url,
    busUrl: undefined,
    begin: async () => void (await group.failOver()),
    end: nothing,
    [Symbol.asyncDispose]: async () => group.close(),
  }
}

async function startClusterFailover(): Promise<Stage> {
  const cluster = await startCluster()
  // The generations depend most on one master.
  const slot = await cluster.slotOf('{!tags}')
  return {
    url: cluster.url,
    busUrl: undefined,
    begin: async () => void (await cluster.failOver(slot)),
    end: nothing,
    [Symbol.asyncDispose]: async () => cluster.close(),
  }
}

/** Plays a managed failover. The address leads to the new primary, and the demoted one keeps its connections. */
async function startMove(): Promise<Stage> {
  const old = await startRedis()
  const next = await startReplica(old)
  const service = await startHosted(old)
  return stageOf(old, {
    url: service.url,
    begin: async () => {
      service.moveTo(next)
      await next.makeWritable()
      await old.command('REPLICAOF', '127.0.0.1', next.port)
    },
    [Symbol.asyncDispose]: async () => {
      await service.close()
      await next.close()
      await old.close()
    },
  })
}

const PASSWORD = 'secret'

/** Sets another password for a while, without telling the clients. */
async function startRotation(): Promise<Stage> {
  const server = await startRedis()
  const service = await startHosted(server, { username: 'app', password: PASSWORD })
  const url = new URL(service.url)
  url.username = 'app'
  url.password = PASSWORD
  return stageOf(server, {
    url: url.href,
    begin: async () => {
      service.password = 'rotated'
      service.cut()
    },
    end: async () => {
      service.password = PASSWORD
    },
    [Symbol.asyncDispose]: async () => {
      await service.close()
      await server.close()
    },
  })
}

// No replica takes the place of the master, and the others go on.
async function startPartOfCluster(): Promise<Stage> {
  const cluster = await startCluster({
    config: ['cluster-replica-no-failover yes', 'cluster-require-full-coverage no'],
  })
  const first = await cluster.ownerOf(0)
  return {
    url: cluster.url,
    busUrl: undefined,
    begin: async () => first.freeze(),
    end: async () => first.resume(),
    [Symbol.asyncDispose]: async () => cluster.close(),
  }
}

async function startMigration(): Promise<Stage> {
  const cluster = await startCluster()
  const names = new KeyNames('faults:', true)
  const partitions = Array.from({ length: ROWS }, (_, row) => names.partitionOf(`row:${row}`))
  const slots = await Promise.all(['!tags', ...partitions].map(async (tag) => cluster.slotOf(`{${tag}}`)))
  let next = 0
  return {
    url: cluster.url,
    busUrl: undefined,
    ...repeatedly(async () => cluster.migrateSlot(slots[next++ % slots.length]!), 50),
    [Symbol.asyncDispose]: async () => cluster.close(),
  }
}

export const FAULTS: readonly Fault[] = [
  onServer('bus connections killed', (server) => repeatedly(async () => server.killClients('pubsub'), 20)),
  onTheWay('bus black-holed', 'bus', blackHole),
  onTheWay('bus half-open', 'bus', halfOpen),
  onTheWay('one node black-holed', 'last node', blackHole),
  // A given client is its owner's to replace: its connections time out by the owner's settings.
  { ...onTheWay('one node half-open', 'last node', halfOpen), opensConnections: true },
  {
    name: 'killed, restarted with its data',
    losesHistory: false,
    start: async () => {
      const server = await startRedis(DURABLE)
      return stageOf(server, { begin: async () => server.kill(), end: async () => server.restart() })
    },
  },
  onServer('frozen', (server) => ({
    begin: async () => server.freeze(),
    end: async () => server.resume(),
  })),
  onServer('restarted empty', (server) => ({
    begin: async () => server.kill(),
    end: async () => server.restart(),
  })),
  {
    name: 'restarted from a snapshot of 3 s before',
    losesHistory: true,
    isOverAtOnce: true,
    start: startOldSnapshot,
  },
  { name: 'evicting (allkeys-random)', losesHistory: false, start: startEvicting },
  onServer('SCRIPT FLUSH', (server) => repeatedly(async () => server.flushScripts(), 20)),
  { name: 'password rotated, and back', losesHistory: false, start: startRotation },
  { name: 'moved, the demoted server goes on', losesHistory: true, isOverAtOnce: true, start: startMove },
  { name: 'one master of three frozen (Cluster)', losesHistory: false, start: startPartOfCluster },
  { name: 'failover (Sentinel)', losesHistory: true, isOverAtOnce: true, start: startSentinel },
  { name: 'failover (Cluster)', losesHistory: true, isOverAtOnce: true, start: startClusterFailover },
  { name: 'slots migrating (Cluster)', losesHistory: false, start: startMigration },
]
