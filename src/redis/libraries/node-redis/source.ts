import type { Random } from '../../../core/time/clock.ts'
import { LentLine } from '../lent-line.ts'
import { providerLike } from '../../connection/credentials.ts'
import type { Line, Source, SubscriberLine } from '../line.ts'
import { NodeRedisLine, type NodeRedis } from './line.ts'
import { KEEP_ALIVE_MS, reconnectDelayMs } from '../../connection/reconnect-delay.ts'

/** What a client of this library's own is made with, besides where it connects to. */
export function nodeRedisRules(socket: object, random: Random): object {
  return {
    // What can't be sent now is not sent later: by then its caller has gone on without it.
    disableOfflineQueue: true,
    socket: {
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      ...socket,
      reconnectStrategy: (retries: number) => reconnectDelayMs(retries + 1, random),
    },
  }
}

/** Names what a client is connected to. */
export function nodeRedisName(client: NodeRedis): string {
  const { host = '127.0.0.1', port = 6379, path } = (client.options?.socket ?? {}) as SocketOptions
  return path ?? `${host}:${port}`
}

/** Connections by node-redis: the client that was given, and others like it. */
export class NodeRedisSource implements Source {
  readonly node: string
  readonly database: number
  readonly #client: NodeRedis
  readonly #isOwn: boolean
  readonly #login: object
  readonly #random: Random

  constructor(client: NodeRedis, random: Random, isOwn: boolean) {
    this.#client = client
    this.#isOwn = isOwn
    this.#login = isOwn ? {} : providerLike(client)
    this.#random = random
    this.node = nodeRedisName(client)
    this.database = client.options?.database ?? 0
  }

  line(): Line {
    // In this mode a connection takes no other commands, unless it is RESP 3.
    if (this.#client.isPubSubActive === true) return this.open()
    if (!this.#isOwn) return new LentLine(new NodeRedisLine(this.#client), () => this.open())
    return new NodeRedisLine(this.#client, () => this.#client.duplicate())
  }

  open(): SubscriberLine {
    const socket = this.#client.options?.socket ?? {}
    return NodeRedisLine.own(() =>
      this.#client.duplicate({ ...nodeRedisRules(socket, this.#random), ...this.#login }),
    )
  }
}

interface SocketOptions {
  readonly host?: string
  readonly port?: number
  readonly path?: string
}
