import { silentLogger, type Logger } from '../core/logging/logger.ts'
import { isCacheError } from '../core/errors.ts'
import { messageOf } from '../core/logging/thrown.ts'
import { checkPrefix } from '../keys/key.ts'
import type { Arg, Command, Connection, RedisClient, Reply } from '../redis/connection/client.ts'
import { describeServer } from '../redis/connection/describe-server.ts'
import { loadLibrary } from '../redis/libraries/load.ts'
import { openClient } from '../redis/libraries/open.ts'
import { RedisCache } from '../redis/redis-cache.ts'
import { clientSettings, DEFAULT_PREFIX } from '../redis/redis-options.ts'
import { KeyNames } from '../redis/store/key-names.ts'
import { EXIT, Failure } from './failure.ts'

/** Options of every command that talks to a server. */
export interface ServerOptions {
  readonly url?: string | undefined
  readonly prefix?: string | undefined
  readonly oneSlot?: boolean | undefined
  /** Seconds. */
  readonly timeout?: number | undefined
}

/** A server and the cache under a prefix of it. */
export interface Server {
  readonly client: RedisClient
  readonly names: KeyNames
  readonly prefix: string
  /** The place of the server, without user name and password. */
  readonly place: string
  /** Runs a command on the server, or on a master of the cluster. */
  run(...args: readonly string[]): Promise<Reply>
  /** Runs a command on the server of a name. */
  runAt(name: string, ...args: readonly string[]): Promise<Reply>
  /** Runs a command on the server, or on each master of the cluster. */
  runOnAll(...args: readonly string[]): Promise<readonly Reply[]>
  /** Returns the cache, which connects at the first call. */
  cache(logger?: Logger): Promise<RedisCache>
  /** Closes the connections. */
  close(): Promise<void>
}

/** The default number of seconds that a command may take. */
const TIMEOUT = 5

/** Connects to the server of `--url`, else of `REDIS_URL`, else on this machine. @throws Failure */
export async function connect(
  { url, prefix = DEFAULT_PREFIX, oneSlot, timeout = TIMEOUT }: ServerOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Server> {
  checkPrefix(prefix, '--prefix')
  const given = url ?? env['REDIS_URL']
  const target = {
    ...(given === undefined || given === '' ? {} : { url: given }),
    ...(oneSlot === true ? { layout: 'one-slot' as const } : {}),
    connect: 'required' as const,
  }
  const settings = { name: 'cli', logger: silentLogger, deadline: { hard: timeout } }
  const place = placeOf(describeServer(target, prefix))
  let client: RedisClient
  await findLibrary()
  try {
    const hint =
      given?.startsWith('rediss') === true ? '; perhaps it speaks no TLS, which rediss:// asks for' : ''
    client = await withTimeout(openClient(target, clientSettings(settings)), timeout, hint)
  } catch (error) {
    throw new Failure(EXIT.unreachable, `can't connect to ${place}: ${reasonOf(error)}`)
  }
  const caches: RedisCache[] = []
  return {
    client,
    prefix,
    place,
    names: new KeyNames(prefix, client.isCluster, client.database),
    run: async (...args) => client.connectionFor(prefix).run({ args }, 'text'),
    runAt: async (name, ...args) => client.connectionFor(name).run({ args }, 'text'),
    runOnAll: async (...args) => {
      const masters = await client.masters()
      return Promise.all(masters.map(async (master) => master.run({ args }, 'text')))
    },
    cache: async (logger = silentLogger) => {
      const options = { ...target, ...settings, logger, prefix, ttl: '1h', bus: 'none' as const }
      const cache = await RedisCache.create(options)
      caches.push(cache)
      return cache
    },
    close: async () => {
      for (const cache of caches) await cache.close()
      await client.close()
    },
  }
}

/** Runs commands on one connection in one write. The error of a command is its reply. */
export async function runAll(
  connection: Connection,
  commands: readonly (readonly Arg[])[],
): Promise<readonly Reply[]> {
  return connection.runAll(
    commands.map((args): Command => ({ args })),
    'text',
  )
}

// Loading takes longer than an answer on a busy machine, so that is done before the time counts.
async function findLibrary(): Promise<void> {
  try {
    await loadLibrary()
  } catch (error) {
    if (!isCacheError(error)) throw error
    throw new Failure(
      EXIT.unreachable,
      'no client library is installed here: npm install redis (or ioredis), or npx -p cachette -p redis cachette',
    )
  }
}

function placeOf(described: object): string {
  const { node, db } = described as { readonly node: string; readonly db?: number }
  return db === undefined || db === 0 ? node : `${node}, database ${db}`
}

// Libraries name the first byte of a reply that they can't read.
function reasonOf(error: unknown): string {
  const message = messageOf(error)
  if (/Unknown RESP type|Protocol error, got/.test(message))
    return `what answers there is not Redis (${message})`
  if (/certificate/.test(message)) return `${message}; NODE_EXTRA_CA_CERTS=FILE names the authority to trust`
  return message
}

// The library waits for 10 seconds. A person who gives a shorter time means it.
async function withTimeout(
  opening: Promise<RedisClient>,
  seconds: number,
  hint: string,
): Promise<RedisClient> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${seconds} s${hint}`))
      void opening.then(
        async (client) => client.close(),
        () => undefined,
      )
    }, seconds * 1000)
  })
  try {
    return await Promise.race([opening, late])
  } finally {
    clearTimeout(timer)
  }
}
