import type { Random } from '../../../core/time/clock.ts'
import { askAtEachConnection, presentLogin, type Credentials } from '../../connection/credentials.ts'
import { IoredisLine, type Ioredis } from './line.ts'
import { LentLine } from '../lent-line.ts'
import type { Line, Source, SubscriberLine } from '../line.ts'
import { hearSentinels } from './hear-sentinels.ts'
import { KEEP_ALIVE_MS, reconnectDelayMs } from '../../connection/reconnect-delay.ts'

/** Returns the options of a client of this library's own, except its address and login. */
export function ioredisRules(random: Random): object {
  return {
    // A command that can't be sent now is not sent later, because its caller has gone on without it by then.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    enableAutoPipelining: false,
    lazyConnect: true,
    keepAlive: KEEP_ALIVE_MS,
    // Without this a client never leaves a frozen master, even if sentinels name another one.
    failoverDetector: true,
    retryStrategy: (attempt: number) => reconnectDelayMs(attempt, random),
  }
}

/** Returns the name of the server that a client is connected to. */
export function ioredisName(client: Ioredis): string {
  const { host, port, path, name, sentinels } = client.options
  return (sentinels ? name : path) ?? `${host ?? '127.0.0.1'}:${port ?? 6379}`
}

/** Connections of ioredis: the client of the user or of this library, and others like it. */
export class IoredisSource implements Source {
  readonly node: string
  readonly identity: string
  readonly database: number
  readonly #client: Ioredis
  readonly #isOwn: boolean
  readonly #credentials: Credentials
  readonly #random: Random

  /** `credentials` returns the login; default: the client's options at that time. */
  constructor(client: Ioredis, random: Random, isOwn: boolean, credentials?: Credentials) {
    this.#credentials = credentials ?? (() => presentLogin(client))
    if (isOwn && credentials !== undefined) askAtEachConnection(client, credentials)
    if (isOwn) hearSentinels(client)
    this.#client = client
    this.#isOwn = isOwn
    this.#random = random
    this.node = ioredisName(client)
    // Masters of several groups of sentinels often have the same name.
    const { sentinels } = client.options
    this.identity = sentinels ? `${this.node} of ${JSON.stringify(sentinels)}` : this.node
    // The database that was selected later counts, if the client is connected.
    this.database = client.condition?.select ?? client.options.db ?? 0
  }

  line(): Line {
    if (this.#isOwn) return new IoredisLine(this.#client, true)
    // A connection in this mode takes no other commands, unless it speaks RESP 3.
    if (this.#client.mode === 'subscriber') return this.open()
    return new LentLine(new IoredisLine(this.#client), () => this.open())
  }

  open(): SubscriberLine {
    const client = hearSentinels(this.#client.duplicate(ioredisRules(this.#random)))
    return new IoredisLine(askAtEachConnection(client, this.#credentials), true)
  }
}
