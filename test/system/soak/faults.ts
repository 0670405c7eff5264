// The faults of a soak, each at a share of its time.
import { setTimeout as sleep } from 'node:timers/promises'
import { startSentinelGroup, startRedis, type RedisServer } from '../../real/servers/index.ts'
import { until } from '../../support/until.ts'
import { PREFIX } from './scheme.ts'

export interface Fault {
  /** Its beginning, as a share of the time. */
  readonly at: number
  readonly name: string
  /** Whether what was acknowledged shortly before may be lost with a server. */
  readonly losesServer: boolean
  play(stage: Stage): Promise<void>
}

export interface Stage {
  readonly url: string
  readonly servers: readonly RedisServer[]
  master(): Promise<RedisServer>
  failOver(by: 'kill' | 'freeze'): Promise<void>
  /** Holds the event loop of one process up. */
  stall(node: number, ms: number): Promise<void>
  close(): Promise<void>
}

type Stall = Stage['stall']

async function sideKeys(server: RedisServer, kind: string): Promise<string[]> {
  const names: string[] = []
  let cursor = '0'
  do {
    const [next, found] = (await server.command(
      'SCAN',
      cursor,
      'MATCH',
      `${PREFIX}!${kind}:*`,
      'COUNT',
      10_000,
    )) as [string, string[]]
    cursor = next
    names.push(...found)
  } while (cursor !== '0')
  return names
}

async function each(server: RedisServer, kind: string, ...command: string[]): Promise<void> {
  for (const name of await sideKeys(server, kind))
    await server.command(command[0]!, name, ...command.slice(1))
}

const expireSequences = async (stage: Stage): Promise<void> =>
  each(await stage.master(), 'sequence', 'PEXPIRE', '1')
const evictSequences = async (stage: Stage): Promise<void> => each(await stage.master(), 'sequence', 'UNLINK')
const evictLogs = async (stage: Stage): Promise<void> => each(await stage.master(), 'log', 'UNLINK')

async function freeze(stage: Stage, ms: number): Promise<void> {
  const server = await stage.master()
  server.freeze()
  await sleep(ms)
  server.resume()
}

/** Servers that are killed, frozen and failed over, with sequences that expire. */
export const FAULTS: readonly Fault[] = [
  { at: 0.12, name: 'frozen for 0.8 s', losesServer: false, play: async (stage) => freeze(stage, 800) },
  {
    at: 0.2,
    name: 'killed, a replica promoted',
    losesServer: true,
    play: async (stage) => stage.failOver('kill'),
  },
  { at: 0.3, name: 'sequences expired', losesServer: false, play: expireSequences },
  {
    at: 0.36,
    name: 'frozen, a replica promoted',
    losesServer: true,
    play: async (stage) => stage.failOver('freeze'),
  },
  { at: 0.46, name: 'logs evicted', losesServer: false, play: evictLogs },
  {
    at: 0.5,
    name: 'connections killed',
    losesServer: false,
    play: async (stage) => {
      await (await stage.master()).killClients()
    },
  },
  { at: 0.56, name: 'killed again', losesServer: true, play: async (stage) => stage.failOver('kill') },
]

/** No failure of a server: logs that are outrun and sequences that vanish (I19). */
export const CALM: readonly Fault[] = [
  {
    at: 0.1,
    name: 'a process stalled for 4 s',
    losesServer: false,
    play: async (stage) => stage.stall(0, 4000),
  },
  { at: 0.2, name: 'sequences expired', losesServer: false, play: expireSequences },
  { at: 0.3, name: 'sequences evicted', losesServer: false, play: evictSequences },
  {
    at: 0.4,
    name: 'another process stalled for 4 s',
    losesServer: false,
    play: async (stage) => stage.stall(1, 4000),
  },
  { at: 0.5, name: 'logs evicted', losesServer: false, play: evictLogs },
  {
    at: 0.6,
    name: 'logs and sequences expired',
    losesServer: false,
    play: async (stage) => {
      await evictLogs(stage)
      await expireSequences(stage)
    },
  },
]

/** Three servers behind sentinels. */
export async function sentinelStage(stall: Stall): Promise<Stage> {
  const group = await startSentinelGroup()
  return {
    url: group.url,
    servers: group.servers,
    stall,
    master: async () => group.master(),
    failOver: async (by) => {
      const { before } = await group.failOver(by)
      if (by === 'freeze') before.resume()
      else await before.restart()
      const follows = async (): Promise<boolean> => {
        const info = await before.info('replication')
        return info.get('role') === 'slave' && info.get('master_link_status') === 'up'
      }
      // On a busy machine the sentinels may take a while to give it its new master.
      await until('the old master to follow', follows, { timeoutMs: 90_000 })
    },
    close: async () => group.close(),
  }
}

/** One server. */
export async function singleStage(stall: Stall): Promise<Stage> {
  const server = await startRedis()
  return {
    url: server.url,
    servers: [server],
    stall,
    master: async () => server,
    failOver: async () => {
      throw new Error('One server has no other to fail over to.')
    },
    close: async () => server.close(),
  }
}
