/** A client of node-redis 5 or 6: of one server, behind sentinels, or of a cluster. A pool is none. */
export type NodeRedisClient = {
  readonly isOpen: boolean
  connect(...args: never): unknown
  destroy(...args: never): unknown
  on(...args: never): unknown
} & ({ readonly isReady: boolean } | { readonly masters: readonly unknown[] })

/** A client of ioredis 5 or 6: of one server, behind sentinels, or of a cluster. */
export interface IoredisClient {
  /** The state of its connection. */
  readonly status: string
  /** Connects. */
  connect(...args: never): unknown
  /** Ends the connection. */
  disconnect(...args: never): unknown
  /** Listens to an event. */
  on(...args: never): unknown
  /** Sends a command. */
  call(...args: never): unknown
}

/** A client that the user has made. */
export type UsersClient = NodeRedisClient | IoredisClient
