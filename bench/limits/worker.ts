// One contender on one client in a process of its own: see main.ts. Prints a line of JSON for each chunk.
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { silentLogger } from '../../src/core/logging/logger.ts'
import { systemClock, systemRandom, systemTimers } from '../../src/core/time/system.ts'
import { adaptClient } from '../../src/redis/libraries/adapt.ts'
import { RedisAtomicStore } from '../../src/redis/atomic/redis-atomic-store.ts'
import type { LimitAlgorithm } from '../../src/core/atomic-store.ts'
import { RateLimiter } from '../../src/ratelimit/index.ts'

// The peer is installed here only, so that the root's type check has no types of it. The used parts are declared.
type Peer = new (options: object) => { consume(key: string): Promise<unknown> }
const peer = 'rate-limiter-flexible'
const { RateLimiterRedis } = (await import(peer)) as { readonly RateLimiterRedis: Peer }

const { values } = parseArgs({
  options: {
    client: { type: 'string' },
    contender: { type: 'string' },
    port: { type: 'string' },
    requests: { type: 'string' },
  },
})
const { client: library = '', contender = '' } = values
const port = Number(values.port)
const REQUESTS = Number(values.requests)
const CHUNKS = 5
const IN_FLIGHT = 50
const KEYS = Array.from({ length: 1000 }, (_, index) => `user:${index}`)

const client = library === 'ioredis' ? new Redis(port) : createClient({ socket: { port } })
if (!(client instanceof Redis)) await client.connect()
await (client instanceof Redis ? client.ping() : client.ping())

const request = await makeRequest()
// A few requests alone, between two marks, serve the counting of round trips.
await run(2000)
await client.set('mark', '1')
for (let index = 0; index < 10; index++) await request(KEYS[index]!)
await client.set('mark', '2')
for (let chunk = 0; chunk < CHUNKS; chunk++) {
  const server = await serverCpu()
  const before = process.cpuUsage()
  await run(REQUESTS)
  const { user, system } = process.cpuUsage(before)
  console.log(
    JSON.stringify({ client: (user + system) / REQUESTS, server: ((await serverCpu()) - server) / REQUESTS }),
  )
}
process.exit(0)

async function run(requests: number): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < requests) await request(KEYS[next++ % KEYS.length]!)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

async function makeRequest(): Promise<(key: string) => Promise<unknown>> {
  if (contender === 'bare GET') return async (key) => client.get(key)
  const isBlocked = contender.endsWith('blocked')
  const limit = isBlocked ? 1 : 100_000_000
  if (contender.startsWith('rate-limiter-flexible')) {
    const limiter = new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: !(client instanceof Redis),
      points: limit,
      duration: 600,
      keyPrefix: contender,
      ...(isBlocked && { inMemoryBlockOnConsumed: 2 }),
    })
    // It rejects for a refusal.
    const consume = async (key: string): Promise<unknown> =>
      limiter.consume(key).catch((refusal: unknown) => refusal)
    if (isBlocked) for (let count = 0; count < 3; count++) await Promise.all(KEYS.map(consume))
    return consume
  }
  const surroundings = { clock: systemClock, timers: systemTimers, random: systemRandom }
  const adapted = adaptClient(client, {
    ...surroundings,
    logger: silentLogger,
    name: 'bench',
    hardMs: 10_000,
  })
  const atomic = new RedisAtomicStore({ client: adapted, prefix: 'bench:', ...surroundings })
  const algorithm = (/fixed-window|sliding-window|gcra/.exec(contender)?.[0] ??
    'fixed-window') as LimitAlgorithm
  const one = { limit, window: 600, algorithm }
  const limiter = contender.includes('two limits')
    ? new RateLimiter(
        { atomic },
        { name: 'two', logger: silentLogger, limits: [one, { ...one, window: 3000 }] },
      )
    : new RateLimiter({ atomic }, { name: 'one', logger: silentLogger, blockList: '10m', ...one })
  if (isBlocked)
    for (let count = 0; count < 3; count++) await Promise.all(KEYS.map(async (key) => limiter.consume(key)))
  return async (key) => limiter.consume(key)
}

/** Returns the microseconds of CPU that the server's main thread has used. */
async function serverCpu(): Promise<number> {
  const text = await client.info('cpu')
  const seconds = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1])
  return (seconds('used_cpu_user_main_thread') + seconds('used_cpu_sys_main_thread')) * 1e6
}
