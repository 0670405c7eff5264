// The troubles that Redis can be in, one by one: how each is made, and how it ends.
import { until } from '../../support/until.ts'
import {
  restrictedUser,
  startCluster,
  startProxy,
  startRedis,
  startSentinelGroup,
  type RedisServer,
} from '../servers/index.ts'

/** A server and its trouble. */
export interface Stage extends AsyncDisposable {
  readonly url: string
  /** Whether the caches work before the trouble begins. */
  readonly worksFirst: boolean
  /** Begins the trouble. */
  begin(): Promise<void>
  /** Ends it. */
  end(): Promise<void>
}

export interface Scenario {
  readonly name: string
  /** Whether no command is answered while it lasts: then the breaker opens, and calls cost next to nothing. */
  readonly silent: boolean
  /** Whether the calls succeed all the same. */
  readonly harmless?: boolean
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
    // The trouble ends by itself: the time until normal service counts from its beginning.
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
        // Nobody can end a pause of everything before its time.
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
  { name: 'failing over (Sentinel)', silent: false, start: startSentinel },
  { name: 'failing over (Cluster)', silent: false, start: startClusterFailover },
]
