// Makes caches by URL, and over clients of their own, and closes them at random moments of their set-up. Prints a line for
// each way once no connection is left on any server. Then the process has to end by itself.
import { register } from 'node:module'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { createCache, silentLogger } from 'cachette'
import { nativeClient, type ClientName } from '../native-clients.ts'
import { connect } from '../servers/resp.ts'

interface Task {
  readonly library: ClientName
  readonly caches: number
  readonly seed: number
  readonly urls: Readonly<Record<string, string>>
  readonly ports: readonly number[]
}

const { library, caches, seed, urls, ports } = JSON.parse(process.env['TASK']!) as Task
const WAYS = [
  { name: 'two tiers', options: {} },
  { name: 'one tier', options: { l1: false } },
  { name: 'a pool', options: { pool: 3 } },
  { name: 'without a bus', options: { bus: 'none' } },
  { name: 'a client of the user', options: { isOwn: true } },
  { name: 'a pool beside a client of the user', options: { isOwn: true, pool: 3 } },
] as const
/** The longest time from the making of a cache to its end; a set-up takes some 10 to 60 ms. */
const LONGEST_MS = 80

// The library under test is the only one that is installed.
const MODULES = {
  'node-redis 6': 'redis',
  'node-redis 5': 'redis5',
  'ioredis 5': 'ioredis',
  'ioredis 6': 'ioredis6',
}
const WANTED = library.startsWith('node-redis') ? 'redis' : 'ioredis'
const hook = `
  export async function resolve(name, context, next) {
    if (!/^(redis|@redis\\/client|ioredis)$/.test(name) || !/\\/src\\/redis\\//.test(context.parentURL)) return next(name, context)
    if (name === '${WANTED}') return next('${MODULES[library]}', context)
    throw Object.assign(new Error('no ' + name), { code: 'ERR_MODULE_NOT_FOUND' })
  }`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

let state = seed
function random(): number {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31
  return state / 2 ** 31
}

/** Waits for a random part of a set-up: nothing, some turns of the event loop, or some milliseconds. */
async function someTime(): Promise<void> {
  const kind = random()
  const length = random()
  if (kind < 0.15) return
  if (kind < 0.4) for (let turn = 0; turn < length * 60; turn++) await nextTurn()
  else await pause(length * LONGEST_MS)
}

async function makeAndClose(url: string, index: number, way: (typeof WAYS)[number]): Promise<void> {
  const {
    isOwn = false,
    pool,
    ...options
  } = { pool: undefined, ...way.options } as {
    readonly isOwn?: boolean
    readonly pool: number | undefined
  }
  const native = isOwn ? nativeClient(library, url) : undefined
  const place = {
    ...(native === undefined ? { url } : { client: native.client }),
    ...(pool !== undefined && { pool }),
  }
  const common = { ttl: '1m', prefix: `leaving${index % 5}:`, logger: silentLogger } as const
  const cache = await createCache({ ...common, ...options, redis: place })
  if (index % 3 === 0) void cache.set('a', 1)
  // A load that is left rejects with ClosedError.
  if (index % 4 === 0) cache.getOrSet('b', () => 1).catch(() => undefined)
  await someTime()
  await cache.close()
  // node-redis loses sight of a socket that opens after its end, without a cache, too.
  await until(() => native === undefined || isConnected(native.client))
  await native?.close()
}

function isConnected(client: object): boolean {
  const { isReady, status, masters } = client as {
    readonly isReady?: boolean
    readonly status?: string
    readonly masters?: readonly { readonly client?: object }[]
  }
  if (masters !== undefined)
    return (
      masters.length > 0 && masters.every((node) => node.client !== undefined && isConnected(node.client))
    )
  return isReady ?? status === 'ready'
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5)
}

/** Lists the connections of clients to all servers, except those of the servers themselves and its own. */
async function connections(): Promise<readonly string[]> {
  const lists = ports.map(async (port) => {
    const connection = await connect({ port })
    const list = String(await connection.command('CLIENT', 'LIST'))
    connection.close()
    return list
      .split('\n')
      .filter((line) => line !== '' && !/cmd=client\|list|name=sentinel-|flags=[SM]/.test(line))
      .map((line) => `port ${port}: ${line}`)
  })
  return (await Promise.all(lists)).flat()
}

async function left(): Promise<readonly string[]> {
  let lines: readonly string[] = []
  for (let look = 0; look < 600; look++) {
    lines = await connections()
    if (lines.length === 0) break
    await pause(50)
  }
  return lines
}

for (const [topology, url] of Object.entries(urls))
  for (const way of WAYS) {
    await Promise.all(Array.from({ length: caches }, async (_, index) => makeAndClose(url, index, way)))
    const lines = await left()
    console.log(`${topology}, ${way.name}: ${lines.length} left`)
    if (lines.length === 0) continue
    // Those would be left of every other way, too.
    console.log(lines.join('\n'))
    process.exit(1)
  }
