import type { Random } from '../../../core/time/clock.ts'
import { askAtEachConnection, presentLogin, type Credentials } from '../../connection/credentials.ts'
import { IoredisLine, type Ioredis } from './line.ts'
import { LentLine } from '../lent-line.ts'
import type { Line, Source, SubscriberLine } from '../line.ts'
import { hearSentinels } from '../../clients/hear-sentinels.ts'
import { KEEP_ALIVE_MS, reconnectDelayMs } from '../../connection/reconnect-delay.ts'

/** What a client of this library's own is made with, besides where it connects to. */
export function ioredisRules(random: Random): object {
  return {
    // What can't be sent now is not sent later: by then its caller has gone on without it.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    enableAutoPipelining: false,
    lazyConnect: true,
    keepAlive: KEEP_ALIVE_MS,
    // For sentinels: without it a master that is frozen is never left.
    failoverDetector: true,
    retryStrategy: (attempt: number) => reconnectDelayMs(attempt, random),
  }
}

/** Names what a client is connected to. */
export function ioredisName(client: Ioredis): string {
  const { host, port, path, name, sentinels } = client.options
  return (sentinels ? name : path) ?? `${host ?? '127.0.0.1'}:${port ?? 6379}`
}

/** Connections by ioredis: the client that was given, and others like it. */
export class IoredisSource implements Source {
  readonly node: string
  readonly database: number
  readonly #client: Ioredis
  readonly #isOwn: boolean
  readonly #credentials: Credentials
  readonly #random: Random

  /** `credentials`: whom to ask who connects; default: the client's options as they are then. */
  constructor(client: Ioredis, random: Random, isOwn: boolean, credentials?: Credentials) {
    this.#credentials = credentials ?? (() => presentLogin(client))
    if (isOwn && credentials !== undefined) askAtEachConnection(client, credentials)
    if (isOwn) hearSentinels(client)
    this.#client = client
    this.#isOwn = isOwn
    this.#random = random
    this.node = ioredisName(client)
    // The database that was selected after it was made, if it is connected.
    this.database = client.condition?.select ?? client.options.db ?? 0
  }

  line(): Line {
    if (this.#isOwn) return new IoredisLine(this.#client, true)
    // In this mode a connection takes no other commands, unless it is RESP 3.
    if (this.#client.mode === 'subscriber') return this.open()
    return new LentLine(new IoredisLine(this.#client), () => this.open())
  }

  open(): SubscriberLine {
    const client = hearSentinels(this.#client.duplicate(ioredisRules(this.#random)))
    return new IoredisLine(askAtEachConnection(client, this.#credentials), true)
  }
}
