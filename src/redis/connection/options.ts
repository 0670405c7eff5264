import { OptionsError } from '../../core/errors.ts'
import { inspect } from '../../core/logging/inspect.ts'
import { reading } from '../../options/checks.ts'
import { checkChoice } from '../../options/options.ts'
import type { Credentials } from './credentials.ts'
import { parseRedisUrl, type Target } from './redis-url.ts'
import type { Layout } from './single-client.ts'
import type { UsersClient } from './users-client.ts'

/** The connection of a Redis cache: a client, or a URL, or host and port. */
export interface ConnectionOptions {
  /** A client of node-redis or ioredis, 5 or 6, which stays yours: it is neither closed nor changed. */
  readonly client?: UsersClient | undefined
  /**
   * `redis://user:password@host:6379/0`, `rediss://` for TLS, `unix:/path/to/socket`,
   * `redis+sentinel://host:26379,host:26379/name` or `redis+cluster://host:6379,host:6379`.
   */
  readonly url?: string | undefined
  /** Default `'127.0.0.1'`. */
  readonly host?: string | undefined
  /** Default 6379. */
  readonly port?: number | undefined
  /** The user name, instead of the one in the URL. */
  readonly username?: string | undefined
  /** The password, instead of the one in the URL. */
  readonly password?: string | undefined
  /**
   * Returns user name and password, instead of both options. Called for each connection, so the login may change:
   * `async () => ({ username, password })`.
   */
  readonly credentials?: Credentials | undefined
  /** The number of the database, from 0; instead of the one in the URL. */
  readonly db?: number | undefined
  /** `true`, or options of `tls.connect` such as `{ ca }`. */
  readonly tls?: boolean | object | undefined
  /** The number of connections that share the keys, from 1 to 100; default 1. More of them help with large values. */
  readonly pool?: number | undefined
  /**
   * `'one-slot'`: for one endpoint before the slots of a cluster, as serverless offerings and proxies have it. The keys
   * of each of 256 partitions lie in one slot, as they do in a cluster.
   */
  readonly layout?: Layout | undefined
  /** `'background'` (default): begins without Redis if necessary. `'required'`: rejects if it can't connect. */
  readonly connect?: 'background' | 'required' | undefined
}

/** The names of {@link ConnectionOptions}. */
export const CONNECTION_OPTIONS: readonly (keyof ConnectionOptions)[] = [
  'client',
  'url',
  'host',
  'port',
  'username',
  'password',
  'credentials',
  'db',
  'tls',
  'pool',
  'layout',
  'connect',
]

const OF_TARGET = ['url', 'host', 'port', 'username', 'password', 'credentials', 'db', 'tls'] as const

/** Returns the number of connections to open. @throws OptionsError */
export function poolSize({ pool = 1 }: ConnectionOptions): number {
  if (Number.isInteger(pool) && pool >= 1 && pool <= 100) return pool
  throw new OptionsError(`pool: ${shown(pool)} is not a whole number from 1 to 100`)
}

/** Returns the layout of the keys. @throws OptionsError */
export function layoutOf({ layout = 'plain' }: ConnectionOptions): Layout {
  checkChoice(layout, ['plain', 'one-slot'], 'layout')
  return layout
}

/** Returns the target to connect to; `undefined` if the user gives a client. @throws OptionsError */
export function targetOf(options: ConnectionOptions): Target | undefined {
  checkChoice(options.connect ?? 'background', ['background', 'required'], 'connect')
  const { client, url, host, port, username, password, db, tls } = options
  if (client !== undefined) {
    const beside = OF_TARGET.filter((name) => options[name] !== undefined)
    if (beside.length === 0) return undefined
    throw new OptionsError(
      `client: it knows where it connects to; ${beside.join(', ')} can't be given with it`,
    )
  }
  for (const name of ['url', 'host', 'username', 'password'] as const) checkText(name, options[name])
  checkCredentials(options)
  if (url !== undefined && (host !== undefined || port !== undefined))
    throw new OptionsError('url: it names host and port; they can not be given with it')
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new OptionsError(`port: ${shown(port)} is not a whole number from 1 to 65535`)
  if (db !== undefined && !(Number.isInteger(db) && db >= 0))
    throw new OptionsError(`db: ${shown(db)} is not a whole number from 0`)
  if (tls !== undefined && typeof tls !== 'boolean' && (typeof tls !== 'object' || tls === null))
    throw new OptionsError(`tls: a ${typeof tls} is neither true, false nor an object`)
  if (typeof tls === 'object') reading('tls', () => ({ ...tls }))
  const target = url === undefined ? serverAt(host ?? '127.0.0.1', port ?? 6379) : parseRedisUrl(url)
  if (target.place.kind === 'cluster' && layoutOf(options) === 'one-slot') throw spreadAlready()
  if (target.place.kind === 'cluster' && (db ?? 0) !== 0)
    throw new OptionsError(`db: ${shown(db)}: a cluster has only database 0`)
  return {
    ...target,
    username: username ?? target.username,
    password: password ?? target.password,
    credentials: options.credentials,
    db: db ?? target.db,
    tls: tls ?? target.tls,
  }
}

/** @internal */
export function spreadAlready(): OptionsError {
  return new OptionsError(
    "layout: a cluster spreads keys by itself; 'one-slot' is for one endpoint before it",
  )
}

function checkCredentials({ credentials, username, password }: ConnectionOptions): void {
  if (credentials === undefined) return
  if (typeof credentials !== 'function')
    throw new OptionsError(`credentials: a ${typeof credentials} is not a function`)
  if (username !== undefined || password !== undefined)
    throw new OptionsError('credentials: it tells user name and password; they can not be given with it')
}

function serverAt(host: string, port: number): Target {
  return { place: { kind: 'server', address: { host, port } }, db: 0, tls: false }
}

// Only numbers are shown, because a secret may have been given in the wrong place.
function shown(value: unknown): string {
  return typeof value === 'number' ? inspect(value) : `a ${typeof value}`
}

// The value is not shown, because it may be a secret.
function checkText(name: string, value: unknown): void {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.isWellFormed())) return
  const why = typeof value === 'string' ? 'it has lone surrogates' : `a ${typeof value} is not text`
  throw new OptionsError(`${name}: ${value === '' ? 'it is empty' : why}`)
}
