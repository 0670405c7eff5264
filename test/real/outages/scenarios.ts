// The troubles of Redis, one by one: their beginning, and their end.
import { until } from '../../support/until.ts'
import {
  restrictedUser,
  startCluster,
  startHosted,
  startProxy,
  startRedis,
  startReplica,
  startSentinelGroup,
  type RedisServer,
} from '../servers/index.ts'
import type { Login } from '../native-clients.ts'
import type { Slots } from './subject.ts'

/** A server and its trouble. */
export interface Stage extends AsyncDisposable {
  readonly url: string
  /** Whether the caches work before the trouble begins. */
  readonly worksFirst: boolean
  /** Begins the trouble. */
  begin(): Promise<void>
  /** Ends it. */
  end(): Promise<void>
  /** User and password, if the password changes. The clients get `newPassword` in the end. */
  readonly login?: Login
  readonly newPassword?: string
  /** The slots of the only master that is in trouble. The measured calls are those of the others. */
  readonly away?: Slots
}

export interface Scenario {
  readonly name: string
  /** Whether no command is answered during the trouble. Then the breaker opens, and calls cost next to nothing. */
  readonly silent: boolean
  /** Whether the calls succeed in spite of the trouble. */
  readonly harmless?: boolean
  /** Whether it ends by itself. The time until normal service counts from its beginning then. */
  readonly endsByItself?: boolean
  /** Whether nothing is sent over an idle connection: no heartbeat and no bus. */
  readonly isQuiet?: boolean
  /** The most time that a call may take, if that is less than its deadlines. */
  readonly mostMs?: number
  start(): Promise<Stage>
}

const password = 'open-sesame'

function stage(server: RedisServer, parts: Partial<Stage>): Stage {
  return {
    url: server.url,
    worksFirst: true,
    begin: async () => undefined,
    end: async () => undefined,
    [Symbol.asyncDispose]: async () => server.close(),
    ...parts,
  }
}

async function startBlackHole(): Promise<Stage> {
  const server = await startRedis()
  const proxy = await startProxy(server)
  return stage(server, {
    url: proxy.url,
    begin: async () => {
      proxy.mode = { kind: 'black-hole' }
    },
    end: async () => {
      proxy.mode = { kind: 'pass' }
    },
    [Symbol.asyncDispose]: async () => {
      await proxy.close()
      await server.close()
    },
  })
}

async function startSentinel(): Promise<Stage> {
  const group = await startSentinelGroup()
  return {
    url: group.url,
    worksFirst: true,
    begin: async () => {
      const master = await group.master()
      await master.kill()
    },
    end: async () => undefined,
    [Symbol.asyncDispose]: async () => group.close(),
  }
}

async function startClusterFailover(): Promise<Stage> {
  const cluster = await startCluster()
  return {
    url: cluster.url,
    worksFirst: true,
    begin: async () => {
      const [first] = await cluster.masters()
      await first!.kill()
    },
    end: async () => undefined,
    [Symbol.asyncDispose]: async () => cluster.close(),
  }
}

/** Plays a managed failover. The address leads to the new primary, and the demoted one keeps its connections. */
async function startMove(): Promise<Stage> {
  const old = await startRedis()
  const next = await startReplica(old)
  const service = await startHosted(old)
  return {
    url: service.url,
    worksFirst: true,
    begin: async () => {
      service.moveTo(next)
      await next.makeWritable()
      await old.command('REPLICAOF', '127.0.0.1', next.port)
    },
    end: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      await service.close()
      await next.close()
      await old.close()
    },
  }
}

async function startIdle(): Promise<Stage> {
  const server = await startRedis()
  const service = await startHosted(server)
  return stage(server, {
    url: service.url,
    begin: async () => {
      service.idle = { afterMs: 300, how: 'black-hole' }
      await until('every connection to be dropped', () => service.holes === service.connections)
      service.idle = undefined
    },
    [Symbol.asyncDispose]: async () => {
      await service.close()
      await server.close()
    },
  })
}

async function startRotation(): Promise<Stage> {
  const server = await startRedis()
  const service = await startHosted(server, { username: 'app', password })
  return stage(server, {
    url: service.url,
    login: { username: 'app', password },
    begin: async () => {
      service.password = 'rotated'
      service.cut()
    },
    newPassword: 'rotated',
    [Symbol.asyncDispose]: async () => {
      await service.close()
      await server.close()
    },
  })
}

// No replica takes the place of the master, and the others go on. Otherwise Redis itself would end or spread the
// trouble.
async function startPartOfCluster(by: 'freeze' | 'kill'): Promise<Stage> {
  const cluster = await startCluster({
    config: ['cluster-replica-no-failover yes', 'cluster-require-full-coverage no'],
  })
  const first = await cluster.ownerOf(0)
  return {
    url: cluster.url,
    worksFirst: true,
    away: [0, 5460],
    begin: async () => {
      if (by === 'freeze') first.freeze()
      else await first.kill()
    },
    end: async () => {
      if (by === 'freeze') first.resume()
      else await first.restart()
    },
    [Symbol.asyncDispose]: async () => cluster.close(),
  }
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'absent at start',
    silent: true,
    start: async () => {
      const server = await startRedis()
      await server.kill()
      return stage(server, { worksFirst: false, end: async () => server.restart() })
    },
  },
  {
    name: 'killed',
    silent: true,
    start: async () => {
      const server = await startRedis()
      return stage(server, { begin: async () => server.kill(), end: async () => server.restart() })
    },
  },
  {
    name: 'frozen',
    silent: true,
    start: async () => {
      const server = await startRedis()
      return stage(server, { begin: async () => server.freeze(), end: async () => server.resume() })
    },
  },
  {
    name: 'paused',
    silent: true,
    start: async () => {
      const server = await startRedis()
      const forMs = 15_000
      let endsAt = 0
      return stage(server, {
        begin: async () => {
          await server.pauseClients(forMs)
          endsAt = performance.now() + forMs
        },
        // A pause of all commands can't be ended before its time.
        end: async () => {
          await until('the end of the pause', () => performance.now() >= endsAt)
        },
      })
    },
  },
  { name: 'black-holed', silent: true, start: startBlackHole },
  {
    name: 'out of memory',
    silent: false,
    start: async () => {
      const server = await startRedis()
      return stage(server, {
        begin: async () => server.limitMemory('noeviction'),
        end: async () => server.unlimitMemory(),
      })
    },
  },
  {
    name: 'read-only',
    silent: false,
    start: async () => {
      const server = await startRedis()
      return stage(server, {
        begin: async () => server.makeReadOnly(),
        end: async () => server.makeWritable(),
      })
    },
  },
  {
    name: 'wrong password',
    silent: true,
    start: async () => {
      const server = await startRedis({ password })
      return stage(server, {
        url: server.urlOf({ password: 'wrong' }),
        worksFirst: false,
        end: async () => {
          await server.command('ACL', 'SETUSER', 'default', '>wrong')
        },
      })
    },
  },
  {
    name: 'restricted ACL',
    silent: false,
    harmless: true,
    start: async () => {
      const server = await startRedis()
      return stage(server, { url: server.urlOf(restrictedUser) })
    },
  },
  { name: 'password rotated', silent: true, start: startRotation },
  {
    name: 'idle connection dropped in silence',
    silent: false,
    endsByItself: true,
    isQuiet: true,
    start: startIdle,
  },
  { name: 'moved, the demoted server goes on', silent: false, endsByItself: true, start: startMove },
  { name: 'failing over (Sentinel)', silent: false, endsByItself: true, start: startSentinel },
  { name: 'failing over (Cluster)', silent: false, endsByItself: true, start: startClusterFailover },
  {
    name: 'one master of three frozen: calls of the others',
    silent: false,
    harmless: true,
    mostMs: 250,
    start: async () => startPartOfCluster('freeze'),
  },
  {
    name: 'one master of three killed: calls of the others',
    silent: false,
    harmless: true,
    mostMs: 250,
    start: async () => startPartOfCluster('kill'),
  },
]
