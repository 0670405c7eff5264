// One Redis (or Valkey) server and the faults that a single server can have.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../support/until.ts'
import { certificates } from './certificates.ts'
import { findServers } from './find.ts'
import { freePort } from './ports.ts'
import { Program } from './program.ts'
import { connect, type Address, type Connection, type Reply } from './resp.ts'

export interface ServerOptions {
  /** Path of `redis-server` or `valkey-server`; by default that of `findServers`. */
  readonly program?: string
  /** Password of the default user. */
  readonly password?: string
  /** Whether connections use TLS. `'names'`: the certificate has the name localhost, and no IP address. */
  readonly tls?: boolean | 'names'
  /** Whether it listens on a unix socket too. The socket's path is `socketPath`. */
  readonly unixSocket?: boolean
  readonly replicaOf?: RedisServer
  /** Further lines of the configuration file. */
  readonly config?: readonly string[]
  /** Files to write into its directory before it starts. */
  readonly files?: Readonly<Record<string, string>>
}

/** A user with all rights except for channels and dangerous commands (KEYS, FLUSHDB, CONFIG, INFO ...). */
export const restrictedUser = { username: 'restricted', password: 'restricted-secret' } as const

const aclLine = `user ${restrictedUser.username} on >${restrictedUser.password} ~* resetchannels +@all -@dangerous -@admin`

export class RedisServer {
  readonly port: number
  readonly options: ServerOptions
  readonly #program: Program

  constructor(port: number, options: ServerOptions) {
    const {
      program = findServers().program,
      password,
      tls,
      unixSocket,
      replicaOf,
      config = [],
      files = {},
    } = options
    if (program === undefined) throw new Error(findServers().reason)
    this.port = port
    this.options = options
    const lines = [
      'bind 127.0.0.1',
      'save ""',
      'appendonly no',
      'databases 16',
      'repl-diskless-sync-delay 0',
      'repl-ping-replica-period 1',
      aclLine,
    ]
    if (password !== undefined) lines.push(`requirepass ${password}`, `masterauth ${password}`)
    if (tls !== undefined && tls !== false) {
      const { caFile, certFile: ofNumbers, nameCertFile, keyFile } = certificates()
      const certFile = tls === 'names' ? nameCertFile : ofNumbers
      lines.push('port 0', `tls-port ${port}`, 'tls-auth-clients no')
      lines.push(`tls-ca-cert-file ${caFile}`, `tls-cert-file ${certFile}`, `tls-key-file ${keyFile}`)
    } else {
      lines.push(`port ${port}`)
    }
    if (unixSocket === true) lines.push('unixsocket socket')
    if (replicaOf !== undefined) lines.push(`replicaof 127.0.0.1 ${replicaOf.port}`)
    this.#program = new Program(program, [...lines, ...config])
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#program.directory, name), text)
  }

  /** Address of the default user's connections. */
  get address(): Address {
    const { password, tls } = this.options
    return {
      host: tls === 'names' ? 'localhost' : '127.0.0.1',
      port: this.port,
      ...(password === undefined ? {} : { password }),
      ...(tls !== undefined && tls !== false ? { ca: certificates().ca } : {}),
    }
  }

  get url(): string {
    return this.urlOf(this.options.password === undefined ? undefined : { password: this.options.password })
  }

  /** Returns the URL with the login of another user. */
  urlOf(login: { readonly username?: string; readonly password: string } | undefined): string {
    const user = login === undefined ? '' : `${login.username ?? ''}:${login.password}@`
    return `${(this.options.tls ?? false) === false ? 'redis' : 'rediss'}://${user}127.0.0.1:${this.port}`
  }

  get socketPath(): string {
    return join(this.#program.directory, 'socket')
  }

  get pid(): number {
    return this.#program.pid
  }

  get running(): boolean {
    return this.#program.running
  }

  get log(): string {
    return this.#program.log
  }

  /** Starts the server; `false` if the port was taken in the meantime. */
  async start(): Promise<boolean> {
    return this.#program.start(async () => {
      const reply = await this.command('PING')
      return reply === 'PONG'
    })
  }

  async connect(): Promise<Connection> {
    return connect(this.address)
  }

  /** Sends one command on a connection of its own. */
  async command(...args: readonly (string | number)[]): Promise<Reply> {
    const connection = await this.connect()
    try {
      return await connection.command(...args)
    } finally {
      connection.close()
    }
  }

  /** Returns the fields of one section of INFO. */
  async info(section: string): Promise<Map<string, string>> {
    const text = String(await this.command('INFO', section))
    const fields = text.split('\r\n').map((line) => line.split(':') as [string, string])
    return new Map(fields)
  }

  /** Stops it by SIGSTOP: connections stay open, and no request is answered. */
  freeze(): void {
    this.#program.signal('SIGSTOP')
  }

  /** Resumes it by SIGCONT. Requests that came in meanwhile are answered now. */
  resume(): void {
    this.#program.signal('SIGCONT')
  }

  /** Kills it by SIGKILL, frozen or not. */
  async kill(): Promise<void> {
    await this.#program.kill()
  }

  /** Returns the present data, for `restart`. */
  async snapshot(): Promise<Buffer> {
    await this.command('SAVE')
    return readFileSync(join(this.#program.directory, 'dump.rdb'))
  }

  /** Kills it if it runs and starts it on the same port: empty, or with the data of an old snapshot. */
  async restart(snapshot?: Buffer): Promise<void> {
    await this.kill()
    const file = join(this.#program.directory, 'dump.rdb')
    if (snapshot === undefined) rmSync(file, { force: true })
    else writeFileSync(file, snapshot)
    if (!(await this.start())) throw new Error(`Port ${this.port} was taken while the server was down.`)
  }

  /** Cuts the connections of clients (`pubsub`: of subscribers only) and returns their number. */
  async killClients(type: 'normal' | 'pubsub' = 'normal'): Promise<number> {
    return Number(await this.command('CLIENT', 'KILL', 'TYPE', type))
  }

  /** Sends CLIENT PAUSE: all commands (`write`: only writes) wait for that time. */
  async pauseClients(forMs: number, which: 'all' | 'write' = 'all'): Promise<void> {
    await this.command('CLIENT', 'PAUSE', forMs, which)
  }

  async flushScripts(): Promise<void> {
    await this.command('SCRIPT', 'FLUSH')
  }

  /**
   * Bounds the memory to its present use and `roomBytes` more. Without room `noeviction` refuses every write, while
   * `allkeys-random` evicts any keys, side keys included.
   */
  async limitMemory(policy: 'noeviction' | 'allkeys-random', roomBytes = 0): Promise<void> {
    const used = Number((await this.info('memory')).get('used_memory'))
    await this.command('CONFIG', 'SET', 'maxmemory-policy', policy)
    await this.command('CONFIG', 'SET', 'maxmemory', roomBytes === 0 ? 1 : used + roomBytes)
  }

  async unlimitMemory(): Promise<void> {
    await this.command('CONFIG', 'SET', 'maxmemory', 0)
  }

  /** Turns it into a replica of an unreachable master. It answers reads and refuses writes. */
  async makeReadOnly(): Promise<void> {
    await this.command('REPLICAOF', '127.0.0.1', 1)
  }

  async makeWritable(): Promise<void> {
    await this.command('REPLICAOF', 'NO', 'ONE')
  }

  async close(): Promise<void> {
    await this.#program.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Starts a server on a free port and waits until it answers. */
export async function startRedis(options: ServerOptions = {}): Promise<RedisServer> {
  for (;;) {
    const server = new RedisServer(await freePort(), options)
    if (await server.start()) return server
    await server.close()
  }
}

/** Starts a replica and waits until it has the data of its master. */
export async function startReplica(master: RedisServer, options: ServerOptions = {}): Promise<RedisServer> {
  const replica = await startRedis({ ...master.options, ...options, replicaOf: master })
  await waitForReplicas([replica])
  return replica
}

/** Waits until each of them has the data of its master. */
export async function waitForReplicas(replicas: readonly RedisServer[]): Promise<void> {
  for (const replica of replicas) {
    await until(`replica ${replica.port} to be in step`, async () => {
      const info = await replica.info('replication')
      return info.get('master_link_status') === 'up'
    })
  }
}
