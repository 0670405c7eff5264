import { type Command } from 'commander'
import { count, type Host } from '../host.ts'
import { bytesText } from '../output.ts'
import { infoOf, type Info } from '../info.ts'
import type { Server, ServerOptions } from '../server.ts'

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
}

/** Adds `cachette stats`. */
export function addStats(program: Command, host: Host): void {
  const command = host
    .addToServer(
      program,
      'stats',
      'Prints the figures of the server and the number of processes that follow its changes.',
      'npx cachette stats --watch',
    )
    .option('-w, --watch [seconds]', 'prints them again at this interval (2)', count)
    .option('-n, --times <number>', 'ends after this many', count)
  host.serve<ServerOptions & { readonly watch?: number | true; readonly times?: number }, []>(
    command,
    async (server, output, options) => {
      const { watch } = options
      const times = options.times ?? (watch === undefined ? 1 : Infinity)
      for (let time = 1; ; time++) {
        const figures = await figuresOf(server)
        if (output.isJson) output.json(figures)
        else output.table(['figure', 'value'], rowsOf(figures), [1])
        if (time >= times || host.surroundings.signal?.aborted === true) return
        await new Promise((resolve) => setTimeout(resolve, (watch === true ? 2 : (watch ?? 2)) * 1000))
      }
    },
  )
}

async function figuresOf(server: Server): Promise<Figures> {
  const info = await infoOf(server)
  const [, listeners] = ((await server.run('PUBSUB', 'NUMSUB', server.names.channel)) as unknown[]) ?? []
  const keys = Number(await server.run('DBSIZE'))
  return {
    listeners: Number(listeners),
    keys,
    usedBytes: numberOf(info, 'used_memory'),
    maxBytes: numberOf(info, 'maxmemory'),
    commandsPerSecond: numberOf(info, 'instantaneous_ops_per_sec'),
    evictedKeys: numberOf(info, 'evicted_keys'),
    expiredKeys: numberOf(info, 'expired_keys'),
    hits: numberOf(info, 'keyspace_hits'),
    misses: numberOf(info, 'keyspace_misses'),
    clients: numberOf(info, 'connected_clients'),
  }
}

function numberOf(info: Info, name: string): number {
  return Number(info.get(name) ?? 0)
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
