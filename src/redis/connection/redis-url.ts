import type { Credentials } from './credentials.ts'
import { OptionsError } from '../../core/errors.ts'

/** The address of a server. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The place that a client connects to. */
export type Place =
  | { readonly kind: 'server'; readonly address: Address }
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'sentinel'; readonly addresses: readonly Address[]; readonly name: string }
  | { readonly kind: 'cluster'; readonly addresses: readonly Address[] }

/** The login of a connection and its settings. */
export interface Access {
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Returns both at each connection, instead of the fixed ones. */
  readonly credentials?: Credentials | undefined
  /** The login for the sentinels themselves. */
  readonly sentinelUsername?: string | undefined
  readonly sentinelPassword?: string | undefined
  readonly db: number
  /** `false`, `true`, or options of `tls.connect`. */
  readonly tls: boolean | object
}

/** A place and the access to it. */
export interface Target extends Access {
  readonly place: Place
  /** Parameters of the URL that are not used. */
  readonly unused?: readonly string[] | undefined
}

const FORMS = [
  'redis://user:password@host:6379/0',
  'rediss://host:6379',
  'unix:/path/to/socket?db=0',
  'redis+sentinel://host:26379,host:26379/name?db=0',
  'redis+cluster://host:6379,host:6379',
]

const SCHEMES: Readonly<Record<string, { readonly kind: Place['kind']; readonly tls: boolean }>> = {
  redis: { kind: 'server', tls: false },
  rediss: { kind: 'server', tls: true },
  unix: { kind: 'socket', tls: false },
  'redis+sentinel': { kind: 'sentinel', tls: false },
  'rediss+sentinel': { kind: 'sentinel', tls: true },
  'redis+cluster': { kind: 'cluster', tls: false },
  'rediss+cluster': { kind: 'cluster', tls: true },
}

/** The parameters that a URL may have. */
export const PARAMETERS: readonly string[] = ['db', 'sentinelUsername', 'sentinelPassword']

/** The values of parameters that may be secrets. */
const SECRETS = /\b(?:sentinelUsername|sentinelPassword)=[^&]*/g

// scheme : [// [user[:password]@] hosts] [path] [?query]
const URL_PARTS = /^([a-z+]+):(?:\/\/(?:([^/?]*)@)?([^/?]*))?([^?]*)(?:\?(.*))?$/s

/** Reads the URL of a server, a socket, sentinels or a cluster. @throws OptionsError that contains no password. */
export function parseRedisUrl(url: string): Target {
  const [, schemeName = '', credentials, hosts, path = '', query = ''] = URL_PARTS.exec(url.trim()) ?? []
  const scheme = SCHEMES[schemeName]
  if (scheme === undefined) throw refusal('is no URL of Redis')
  // Parts of the password would be taken for host and parameters, and be logged.
  const isCut = credentials === undefined && `${path}${query.replaceAll(SECRETS, '')}`.includes('@')
  if (isCut && scheme.kind !== 'socket')
    throw refusal('has an @ behind a / or ?, as if a password in it were not encoded')
  const parameters = new URLSearchParams(query)
  const unused = [...new Set(parameters.keys())].filter((name) => !PARAMETERS.includes(name))
  const [username, password] = credentialsOf(credentials)
  const { place, dbText } = placeOf(scheme.kind, hosts, path)
  return {
    place,
    username,
    password,
    sentinelUsername: parameters.get('sentinelUsername') ?? undefined,
    sentinelPassword: parameters.get('sentinelPassword') ?? undefined,
    db: dbOf(parameters.get('db') ?? dbText),
    tls: scheme.tls,
    ...(unused.length > 0 && { unused }),
  }
}

function placeOf(
  kind: Place['kind'],
  hosts: string | undefined,
  path: string,
): { readonly place: Place; readonly dbText?: string } {
  const name = path.slice(1)
  if (kind === 'socket') {
    if ((hosts ?? '') !== '' || name === '') throw refusal('has no path of a socket')
    return { place: { kind, path: decode(path) } }
  }
  if (kind === 'server') {
    const addresses = addressesOf(hosts === '' ? '127.0.0.1' : hosts, 6379)
    if (addresses.length !== 1) throw refusal('names several hosts, which only clusters and sentinels have')
    return { place: { kind, address: addresses[0]! }, dbText: name }
  }
  if (kind === 'cluster') {
    if (name !== '' && name !== '0') throw refusal('names a database; a cluster has only 0')
    return { place: { kind, addresses: addressesOf(hosts, 6379) } }
  }
  const [master = '', dbText = ''] = name.split('/')
  if (master === '') throw refusal('does not name the master that the sentinels watch')
  return { place: { kind, addresses: addressesOf(hosts, 26_379), name: decode(master) }, dbText }
}

function addressesOf(hosts: string | undefined, defaultPort: number): readonly Address[] {
  return (hosts ?? '').split(',').map((text) => {
    const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d+))?$/i.exec(text) ?? []
    const host = bracketed ?? plain
    if (host === undefined) throw refusal('has something else where a host should be')
    return { host: decode(host), port: port === undefined ? defaultPort : portOf(port) }
  })
}

function portOf(text: string): number {
  const port = Number(text)
  if (port < 1 || port > 65_535) throw refusal('has a port out of range')
  return port
}

function credentialsOf(text: string | undefined): [string | undefined, string | undefined] {
  if (text === undefined || text === '') return [undefined, undefined]
  const colon = text.indexOf(':')
  const username = decode(colon < 0 ? text : text.slice(0, colon))
  const password = colon < 0 ? '' : decode(text.slice(colon + 1))
  return [username === '' ? undefined : username, password === '' ? undefined : password]
}

function dbOf(text = ''): number {
  if (text === '') return 0
  if (!/^\d{1,9}$/.test(text)) throw refusal('has something else where the number of a database should be')
  return Number(text)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal('is not encoded as a URL is')
  }
}

// The message quotes nothing, because a password that was not encoded may be anywhere.
function refusal(what: string): OptionsError {
  return new OptionsError(`url: it ${what}; accepted: ${FORMS.join(', ')}`)
}
