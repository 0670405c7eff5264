import type { WaitUntil } from '../../core/background.ts'
import type { Status } from './answers.ts'
import type { Freshness } from './freshness.ts'
import type { ResourceKeys } from './keys.ts'
import type { StoredResponse } from './stored-response.ts'

/** Answers a request, as a handler or an application does. */
export type Handler = (request: Request) => Response | PromiseLike<Response>

/** The means of a host. */
export interface Host {
  /**
   * Calls the handler for a request that nobody waits for; default: the handler of the call. `false`: the host can't, so
   * that one of the callers waits for a load, and the others get the stale response.
   */
  readonly refresh?: Handler | false | undefined
  /** Keeps the host alive until background work has ended; default: the option. */
  readonly waitUntil?: WaitUntil | undefined
}

/** A stored response that was found for a request. */
export interface Found {
  readonly key: string
  readonly stored: StoredResponse
  readonly freshness: Freshness
}

/** A request on its way through the cache. */
export interface Visit {
  readonly request: Request
  readonly next: Handler
  readonly host: Host
  readonly keys: ResourceKeys
  /** The key where its response is stored. */
  readonly key: string
  /** The reason why it goes to the handler. */
  readonly fwd: NonNullable<Status['fwd']>
  /** The stored response that is to be replaced. */
  readonly found: Found | undefined
}

/** A response that its caller waits for. */
export class Awaited {
  readonly response: Promise<Response>
  resolve!: (response: Response) => void
  reject!: (error: unknown) => void

  constructor() {
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // A load in the background has no caller.
    this.response.catch(() => {})
  }
}
