import type { Random } from '../../../core/time/clock.ts'
import { LentLine } from '../lent-line.ts'
import { providerLike } from '../../connection/credentials.ts'
import type { Line, Source, SubscriberLine } from '../line.ts'
import { NodeRedisLine, type NodeRedis } from './line.ts'
import { KEEP_ALIVE_MS, reconnectDelayMs } from '../../connection/reconnect-delay.ts'

/** Returns the options of a client of this library's own, except its login. It gives up as soon as `isOver` says so. */
export function nodeRedisRules(socket: object, random: Random, isOver = (): boolean => false): object {
  return {
    // A command that can't be sent now is not sent later, because its caller has gone on without it by then.
    disableOfflineQueue: true,
    socket: {
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      ...socket,
      reconnectStrategy: (retries: number) => !isOver() && reconnectDelayMs(retries + 1, random),
    },
  }
}

/** Returns the name of the server that a client is connected to. */
export function nodeRedisName(client: NodeRedis): string {
  const { host = '127.0.0.1', port = 6379, path } = (client.options?.socket ?? {}) as SocketOptions
  return path ?? `${host}:${port}`
}

/** Connections of node-redis: the client of the user or of this library, and others like it. */
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
    // A connection in this mode takes no other commands, unless it speaks RESP 3.
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
