import type { RateLimitResult } from './limit-result.ts'

/** All codes of a {@link CacheError}. */
export type CacheErrorCode =
  | 'ERR_CACHE_OPTIONS'
  | 'ERR_CACHE_KEY'
  | 'ERR_CACHE_SERIALIZATION'
  | 'ERR_CACHE_STORE_UNAVAILABLE'
  | 'ERR_CACHE_STORE_TIMEOUT'
  | 'ERR_CACHE_LOADER_TIMEOUT'
  | 'ERR_CACHE_LOAD_COOLDOWN'
  | 'ERR_CACHE_RECURSIVE_LOAD'
  | 'ERR_CACHE_CLOSED'
  | 'ERR_CACHE_RATE_LIMIT'
  | 'ERR_CACHE_LOCK_BUSY'
  | 'ERR_CACHE_LOCK_LOST'

// Every copy of the package sets this brand on its errors, while `instanceof` fails for other copies.
const brand = Symbol.for('cachette.error')

/** The base of all errors that the library itself throws. A loader's own error is never wrapped in one. */
export abstract class CacheError extends Error {
  /** The stable identifier of the kind of error. The message may change, the code does not. */
  abstract readonly code: CacheErrorCode

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }
}

/** Whether `error` was made by this library, by any installed copy of it. */
export function isCacheError(error: unknown): error is CacheError {
  try {
    return typeof error === 'object' && error !== null && Reflect.get(error, brand) === true
  } catch {
    // A Proxy may throw on any access.
    return false
  }
}

/** An option, a duration or an argument is not of an accepted form. */
export class OptionsError extends CacheError {
  override readonly name = 'OptionsError'
  readonly code = 'ERR_CACHE_OPTIONS'
}

/** A key or a namespace can't be used as one. */
export class KeyError extends CacheError {
  override readonly name = 'KeyError'
  readonly code = 'ERR_CACHE_KEY'
}

/** A value can't be stored because readers would not get it back unchanged. The message names the path. */
export class SerializationError extends CacheError {
  override readonly name = 'SerializationError'
  readonly code = 'ERR_CACHE_SERIALIZATION'
  /** The path of the refused part in the value, such as `$.user.avatar`. */
  readonly path: string
  /** The class or kind of the refused part, such as `function` or `Socket`. */
  readonly kind: string

  constructor(message: string, at: { readonly path: string; readonly kind: string }) {
    super(message)
    this.path = at.path
    this.kind = at.kind
  }
}

/**
 * The reason why a store failed. `unavailable`: it can't be reached or is not ready. `denied`: the password or the
 * rights are missing. `read-only`: it is a replica or refuses writes. `full`: it has no memory left. `wrong-type`: the
 * stored item is of another type. `protocol`: any other unexpected answer.
 */
export type StoreErrorReason = 'unavailable' | 'denied' | 'read-only' | 'full' | 'wrong-type' | 'protocol'

/** The store failed. Callers see this error only under `onError: 'throw'`. */
export class StoreUnavailableError extends CacheError {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'ERR_CACHE_STORE_UNAVAILABLE'
  /** The reason of the failure; default `'unavailable'`. */
  readonly reason: StoreErrorReason

  constructor(message: string, options?: ErrorOptions & { readonly reason?: StoreErrorReason | undefined }) {
    super(message, options)
    this.reason = options?.reason ?? 'unavailable'
  }
}

/**
 * The store did not answer in time, but may have executed the call. Callers see this error only under
 * `onError: 'throw'`.
 */
export class StoreTimeoutError extends CacheError {
  override readonly name = 'StoreTimeoutError'
  readonly code = 'ERR_CACHE_STORE_TIMEOUT'
  /** Always `'timeout'`. Other trouble is a {@link StoreUnavailableError} with a reason of its own. */
  readonly reason = 'timeout'
}

/** The value was not loaded within `hardTimeout`, and there was no stale value to serve. */
export class LoaderTimeoutError extends CacheError {
  override readonly name = 'LoaderTimeoutError'
  readonly code = 'ERR_CACHE_LOADER_TIMEOUT'
}

/**
 * A load of the key failed less than `loadErrorTtl` ago, in this process or another, and there was no stale value to
 * serve. The message is that of the failed loader's error.
 */
export class LoadCooldownError extends CacheError {
  override readonly name = 'LoadCooldownError'
  readonly code = 'ERR_CACHE_LOAD_COOLDOWN'
}

/** A loader asked, directly or through other loaders, for the key that it is loading, so it would wait for itself. */
export class RecursiveLoadError extends CacheError {
  override readonly name = 'RecursiveLoadError'
  readonly code = 'ERR_CACHE_RECURSIVE_LOAD'
}

/** The cache was closed before the call. */
export class ClosedError extends CacheError {
  override readonly name = 'ClosedError'
  readonly code = 'ERR_CACHE_CLOSED'
}

/** A rate limit refuses the request. Only calls that say so throw it. */
export class RateLimitError extends CacheError {
  override readonly name = 'RateLimitError'
  readonly code = 'ERR_CACHE_RATE_LIMIT'
  /** The limiter's answer. */
  readonly result: RateLimitResult

  constructor(message: string, result: RateLimitResult) {
    super(message)
    this.result = result
  }
}

/** A lock or semaphore was held by others until the caller's waiting time ended. */
export class LockBusyError extends CacheError {
  override readonly name = 'LockBusyError'
  readonly code = 'ERR_CACHE_LOCK_BUSY'
}

/** A lock or semaphore may be held by others by now, although it was not released. */
export class LockLostError extends CacheError {
  override readonly name = 'LockLostError'
  readonly code = 'ERR_CACHE_LOCK_LOST'
}
