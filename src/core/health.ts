import type { ConnectionState } from './observing/events.ts'

/** The state of the connections to one server. */
export interface ServerHealth {
  /** The name of the server, such as `127.0.0.1:6379`, without a password. */
  readonly node: string
  /** See `connection` of the events. */
  readonly state: ConnectionState
  /** Whether the server is not asked for now, because it does not answer. */
  readonly breaker: 'closed' | 'open'
  /** Whether the last call was not answered in time, and nothing was since. */
  readonly unanswered: boolean
  /** The reason, unless it is connected. */
  readonly error?: string
}

/**
 * The state of the bus. `'lost'`: it is not connected. `'refused'`: the server does not let this process subscribe or
 * publish. `'silent'`: this process does not receive its own messages. `'shared'`: another cache sends on the same
 * channel, so its messages are left out.
 */
export type BusState = 'connected' | 'lost' | 'refused' | 'silent' | 'shared'

/** The part of a cache's health that its store knows. */
export interface StoreHealth {
  /** `'memory'`: this process alone. `'redis'`: a server. `'tiered'`: a server, and memory before it. */
  readonly engine: 'memory' | 'redis' | 'tiered' | 'custom'
  /** The server, its database and the prefix of keys there; absent without a server. */
  readonly host?: string | undefined
  readonly database?: number | undefined
  readonly prefix?: string | undefined
  /** The servers that were heard of. */
  readonly servers: readonly ServerHealth[]
  /** The milliseconds since this process last knew all changes by others of what it keeps; absent = it keeps nothing. */
  readonly syncAgeMs?: number | undefined
  /** The channel that brings changes of other processes; absent while this process does not listen to one. */
  readonly bus?: BusState | undefined
  /** The invalidations that wait for the server. */
  readonly queued: number
  /** The rule for the memory of this process while the server is away, in milliseconds; absent without both. */
  readonly policy?:
    | {
        readonly name: 'available' | 'strict'
        readonly heartbeatMs: number
        readonly maxLagMs: number
        readonly maxStaleMs: number
      }
    | undefined
}

/** The facts that somebody needs at 3 a.m. */
export interface Health extends StoreHealth {
  /** The name of the cache. */
  readonly cache: string
  /** `'ok'`; `'degraded'`: it serves, but less than usual; `'down'`: each read is a miss. */
  readonly status: 'ok' | 'degraded' | 'down'
  /** The reason, as a sentence. */
  readonly reason: string
  /** Whether all servers are connected and answer; `undefined` = there is none. */
  readonly connected: boolean | undefined
  /** Whether one of the servers is not asked for now. */
  readonly breaker: 'closed' | 'open' | undefined
}
