import { type Command } from 'commander'
import { count, interval, type Host } from '../host.ts'
import { bytesText } from '../output.ts'
import { infosOf, numberOf } from '../info.ts'
import { systemRandom } from '../../core/time/system.ts'
import { readSummary, type Summary } from '../../dashboard/summary.ts'
import { RedisBoard } from '../../redis/store/redis-board.ts'
import type { Server, ServerOptions } from '../server.ts'

/** The figures of a process that has a dashboard over a cache of the prefix. */
interface ProcessOfCache {
  readonly process: string
  readonly cache: string
  readonly status: string
  readonly reads: number
  readonly hitRatio: number | undefined
  readonly loads: number
  readonly savedMs: number
  readonly syncAgeMs: number | undefined
}

interface Figures {
  readonly listeners: number
  readonly keys: number
  readonly usedBytes: number
  readonly maxBytes: number
  readonly commandsPerSecond: number
  readonly evictedKeys: number
  readonly expiredKeys: number
  readonly hits: number
  readonly misses: number
  readonly clients: number
  readonly processes: readonly ProcessOfCache[]
}

const PROCESS_HEAD = ['process', 'cache', 'health', 'reads', 'hit ratio', 'loads', 'saved', 'lag']

/** Adds `cachette stats`. */
export function addStats(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'stats',
      'Prints the figures of the server, and those of the processes that have a dashboard over the cache.',
      'npx cachette stats --watch',
    )
    .option('-w, --watch [seconds]', 'prints them again at this interval (2)', interval)
    .option('-n, --times <number>', 'ends after this many', count)
  host.serve<ServerOptions & { readonly watch?: number | true; readonly times?: number }, []>(
    command,
    async (server, output, options) => {
      const { watch } = options
      const times = options.times ?? (watch === undefined ? 1 : Infinity)
      for (let time = 1; ; time++) {
        const figures = await figuresOf(server)
        if (output.isJson) output.json(figures)
        else {
          output.table(['figure', 'value'], rowsOf(figures), [1])
          if (figures.processes.length > 0)
            output.table(PROCESS_HEAD, figures.processes.map(processRow), [3, 4, 5, 6, 7])
        }
        if (time >= times || host.surroundings.signal?.aborted === true) return
        await new Promise((resolve) => setTimeout(resolve, (watch === true ? 2 : (watch ?? 2)) * 1000))
      }
    },
  )
}

async function figuresOf(server: Server): Promise<Figures> {
  const infos = await infosOf(server)
  const counts = await server.runOnAll('PUBSUB', 'NUMSUB', server.names.channel)
  const sizes = await server.runOnAll('DBSIZE')
  const sum = (name: string): number => sumOf(infos.map((info) => numberOf(info, name) ?? 0))
  return {
    listeners: sumOf(counts.map((reply) => Number((reply as readonly unknown[])[1] ?? 0))),
    keys: sumOf(sizes.map(Number)),
    usedBytes: sum('used_memory'),
    maxBytes: sum('maxmemory'),
    commandsPerSecond: sum('instantaneous_ops_per_sec'),
    evictedKeys: sum('evicted_keys'),
    expiredKeys: sum('expired_keys'),
    hits: sum('keyspace_hits'),
    misses: sum('keyspace_misses'),
    clients: sum('connected_clients'),
    processes: await processesOf(server),
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function rowsOf(figures: Figures): readonly (readonly string[])[] {
  const { usedBytes, maxBytes, hits, misses } = figures
  return [
    ['processes that listen', String(figures.listeners)],
    ['names in the database', String(figures.keys)],
    ['memory', `${bytesText(usedBytes)} of ${maxBytes === 0 ? 'no limit' : bytesText(maxBytes)}`],
    ['commands a second', String(figures.commandsPerSecond)],
    ['evicted', String(figures.evictedKeys)],
    ['expired', String(figures.expiredKeys)],
    [
      'reads that found a name',
      hits + misses === 0 ? '' : `${((100 * hits) / (hits + misses)).toFixed(1)} %`,
    ],
    ['connections', String(figures.clients)],
  ]
}

async function processesOf({ client, names }: Server): Promise<readonly ProcessOfCache[]> {
  const texts = await new RedisBoard(client, names, systemRandom).all()
  const summaries = texts.flatMap((text) => readSummary(text) ?? [])
  // A process with several dashboards over a cache is there several times.
  const processes = [...new Map(summaries.map((one) => [one.id, one])).values()].map(processOf)
  return processes.toSorted((a, b) => (`${a.cache} ${a.process}` < `${b.cache} ${b.process}` ? -1 : 1))
}

function processOf({
  process,
  cache,
  status,
  hits,
  misses,
  loads,
  syncAgeMs,
  snapshot,
}: Summary): ProcessOfCache {
  const reads = hits + misses
  const savedMs = snapshot.families.reduce((sum, { savedMs: saved }) => sum + (saved?.value ?? 0), 0)
  const hitRatio = reads === 0 ? undefined : hits / reads
  return { process, cache, status, reads, hitRatio, loads, savedMs, syncAgeMs }
}

function processRow(one: ProcessOfCache): readonly string[] {
  const { process, cache, status, reads, hitRatio, loads, savedMs, syncAgeMs } = one
  return [
    process,
    cache,
    status,
    String(reads),
    hitRatio === undefined ? '' : `${(Math.floor(hitRatio * 1_000) / 10).toFixed(1)} %`,
    String(loads),
    `${(savedMs / 1_000).toFixed(1)} s`,
    syncAgeMs === undefined ? '' : `${(syncAgeMs / 1_000).toFixed(1)} s`,
  ]
}
