// Services in their first minute: what the log says where they are not set up as meant.
import { setTimeout as delay } from 'node:timers/promises'
import { createCache } from 'cachette'
import { withLock } from 'cachette/lock'
import { until } from '../../support/until.ts'
import { startRedis, type RedisServer } from '../servers/index.ts'

/** A way to set up a service. */
export interface Situation {
  readonly title: string
  /** The setting that the page shows. */
  readonly setting: string
  /** The number of lines to wait for. */
  readonly lines: number
  /** The remedy, for the page. */
  readonly remedy: string
  play(service: Service): Promise<void>
}

/** Runs a service until the lines that are expected are there, and it has served some calls. */
export type Service = (url: string, during?: (server: During) => Promise<void>) => Promise<void>

/** The events that may happen while a service runs. */
export interface During {
  readonly invalidate: (key: string) => Promise<unknown>
  readonly untilLines: (count: number) => Promise<void>
}

const PASSWORD = 'right'
const FIRST_CALLS = 100

export const SITUATIONS: readonly Situation[] = [
  {
    title: 'No server is configured',
    setting: '`createCache()` without `REDIS_URL`, or with an empty one.',
    lines: 1,
    remedy:
      'Each process has entries, limits and locks of its own, and an invalidation reaches this process alone. ' +
      "Set `REDIS_URL`, or say `redis: 'memory://'` where that is meant. " +
      "With `connect: 'required'` the service does not start: `createCache` rejects with an `OptionsError`.",
    play: async (service) => service(''),
  },
  {
    title: 'A server',
    setting: '`REDIS_URL=redis://127.0.0.1:6379`.',
    lines: 1,
    remedy:
      'This is the line to expect: engine, host, database and prefix, and no secret. If one of them is another one than you meant, ' +
      'look at the environment of this process. Services that share a server need a prefix each.',
    play: async (service) => {
      await using server = await startRedis()
      await service(server.url)
    },
  },
  {
    title: 'Nobody is there',
    setting: '`REDIS_URL=redis://127.0.0.1:6379`, and no server listens there.',
    lines: 2,
    remedy:
      'Look at host and port, at the server, and at the network between them; the end of the line has the reason of the system. ' +
      '`npx cachette doctor --url "$REDIS_URL"` on the same machine asks again. Until the server is there, no read or write rejects. ' +
      'The service keeps what it loads in its memory, for at most `maxStale` (60 s); whole numbers are loaded by each call. ' +
      'Locks reject with `StoreUnavailableError`.',
    play: async (service) => service(`redis://127.0.0.1:${await unusedPort()}`),
  },
  {
    title: 'A wrong password',
    setting: '`REDIS_URL=redis://:wrong@127.0.0.1:6379`.',
    lines: 2,
    remedy:
      'Set user name and password: `redis://user:password@host`, with `%40` for an `@` in them, or the option `credentials`. ' +
      'Until then the service works as without a server. There is one line by `error`, not one for each attempt. The server is tried on, ' +
      'so a password that is set right on the server will do, too.',
    play: async (service) => {
      await using server = await startRedis({ password: PASSWORD })
      await service(`redis://:wrong@127.0.0.1:${server.port}`)
    },
  },
  {
    title: 'No password where one is needed',
    setting: '`REDIS_URL=redis://127.0.0.1:6379`, and the server has a password.',
    lines: 2,
    remedy: 'Write it into the URL: `redis://:password@host`. All else is as with a wrong one.',
    play: async (service) => {
      await using server = await startRedis({ password: PASSWORD })
      await service(`redis://127.0.0.1:${server.port}`)
    },
  },
  {
    title: 'TLS on the side of the server alone',
    setting: '`REDIS_URL=redis://127.0.0.1:6379`, and the server speaks TLS.',
    lines: 2,
    remedy:
      'Write `rediss://`. If the server speaks no TLS, it has too many clients (`maxclients` bounds them), or it lets no other machine in (`protected-mode`).',
    play: async (service) => {
      await using server = await startRedis({ tls: true })
      await service(`redis://127.0.0.1:${server.port}`)
    },
  },
  {
    title: 'TLS on the side of the service alone',
    setting: '`REDIS_URL=rediss://127.0.0.1:6379`, and the server does not speak TLS.',
    lines: 2,
    remedy:
      'Write `redis://`, or the port on which the server speaks TLS. ' +
      'The line comes when the attempt to connect has failed, after some seconds.',
    play: async (service) => {
      await using server = await startRedis()
      await service(`rediss://127.0.0.1:${server.port}`)
    },
  },
  {
    title: 'A certificate of an unknown authority',
    setting: '`REDIS_URL=rediss://127.0.0.1:6379`, with a certificate of an authority of your own.',
    lines: 2,
    remedy:
      'Trust the authority: `redis: { url, tls: { ca } }`, or `NODE_EXTRA_CA_CERTS` of Node.js. ' +
      'If the text of `err` names an expired certificate or another host, the server needs a new one.',
    play: async (service) => {
      await using server = await startRedis({ tls: true })
      await service(`rediss://127.0.0.1:${server.port}`)
    },
  },
  {
    title: 'A server that evicts locks',
    setting: '`maxmemory-policy allkeys-lru`, and the service uses a lock or a limiter.',
    lines: 2,
    remedy:
      'A full server may drop a lock that is held, and two processes hold it then; a limit that it drops begins anew. ' +
      'Keep locks and limits on a server with `noeviction`; entries may stay where they are.',
    play: async (service) => {
      await using server = await startRedis({ config: ['maxmemory-policy allkeys-lru'] })
      await service(server.url)
    },
  },
  {
    title: 'A server that goes away and comes back',
    setting: '`REDIS_URL=redis://127.0.0.1:6379`, and the server is restarted.',
    lines: 3,
    remedy:
      'Nothing is to be done. The last line says how long it took, how many calls had no answer of the server, ' +
      'and how many invalidations are repeated now. If it does not come, see *Nobody is there*.',
    play: async (service) => {
      await using server = await startRedis()
      await service(server.url, async ({ invalidate, untilLines }) => restart(server, invalidate, untilLines))
    },
  },
]

async function restart(
  server: RedisServer,
  invalidate: During['invalidate'],
  untilLines: During['untilLines'],
): Promise<void> {
  await server.kill()
  await untilLines(2)
  await invalidate('rates')
  await invalidate('prices')
  await server.start()
}

async function unusedPort(): Promise<number> {
  await using server = await startRedis()
  return server.port
}

/** Plays a situation, and returns the lines that the service wrote to the console. */
export async function linesOf(situation: Situation, leastMs = 0): Promise<readonly string[]> {
  const lines: string[] = []
  const { info, warn, error } = console
  // The minute is over before the service ends.
  let isOver = false
  const write = (line: string): void => void (isOver || lines.push(masked(line)))
  Object.assign(console, { info: write, warn: write, error: write })
  const untilLines = async (count: number): Promise<void> => {
    await until(`line ${count} of ${situation.title}`, () => lines.length >= count, { timeoutMs: 30_000 })
  }
  try {
    await situation.play(async (url, during) => {
      const redis = url === '' ? url : { url, ...PATIENT }
      await using cache = await createCache({ name: 'shop', prefix: 'shop:', ttl: '1h', redis })
      const began = performance.now()
      let calls = 0
      const over = new AbortController()
      const serve = async (): Promise<void> => {
        while (!over.signal.aborted) {
          await cache.getOrSet('rates', () => ++calls)
          await cache.set(`price:${calls++ % 50}`, calls)
          if (situation.title.includes('locks')) await withLock(cache, 'job', () => 1)
          // For the rest of a minute a service does not call as fast as it can.
          await (leastMs > 0 && calls >= FIRST_CALLS ? delay(5) : new Promise(setImmediate))
        }
      }
      const serving = serve()
      await until('the first calls', () => calls >= FIRST_CALLS, { timeoutMs: 30_000 })
      await during?.({ invalidate: async (key) => cache.invalidate(key), untilLines })
      await untilLines(situation.lines)
      await until('the time to be over', () => performance.now() - began >= leastMs, {
        timeoutMs: leastMs + 1000,
      })
      over.abort()
      await serving
      isOver = true
    })
  } finally {
    Object.assign(console, { info, warn, error })
  }
  return lines
}

// A busy machine must not add a line about a server that does not answer.
const PATIENT = { deadline: { hard: '20s' } } as const

// Ports, times, counts, the first operation and the way in which a socket ends differ from run to run.
function masked(line: string): string {
  return line
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:6379')
    .replace(/durationMs=\d+/, 'durationMs=1250')
    .replace(/failedCalls=\d+/, 'failedCalls=42')
    .replace(/repeatedInvalidations=\d+/, 'repeatedInvalidations=12')
    .replace(/operation="\w+"/, 'operation="get"')
    .replace('read ECONNRESET', 'Socket closed unexpectedly')
}
