/** A listener of events. */
export type Listener = (...args: unknown[]) => void

type EventName = string | symbol

/**
 * The events of a store of Keyv 6, which requires these methods. There are no events, because no error of the cache
 * reaches Keyv, so no listener is kept.
 */
export class Listeners {
  /** Keeps nothing. */
  on(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Keeps nothing. */
  addListener(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Keeps nothing. */
  once(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Keeps nothing. */
  prependListener(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Keeps nothing. */
  prependOnceListener(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Removes nothing. */
  off(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Removes nothing. */
  removeListener(_event: EventName, _listener: Listener): this {
    return this
  }

  /** Removes nothing. */
  removeAllListeners(_event?: EventName): this {
    return this
  }

  /** Answers that nobody listens. */
  emit(_event: EventName, ..._args: unknown[]): boolean {
    return false
  }

  /** Returns 0. */
  listenerCount(_event: EventName): number {
    return 0
  }

  /** Returns no name. */
  eventNames(): EventName[] {
    return []
  }

  /** Returns no listener. */
  listeners(_event: EventName): Listener[] {
    return []
  }

  /** Returns no listener. */
  rawListeners(_event: EventName): Listener[] {
    return []
  }
}
