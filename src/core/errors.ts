import type { RateLimitResult } from './limit-result.ts'

/** Every code a {@link CacheError} can bear. */
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

// Found on the errors of every copy of the package, which `instanceof` is not.
const brand = Symbol.for('cachette.error')

/** Base of all errors that the library throws itself. A loader's own error is never wrapped in one. */
export abstract class CacheError extends Error {
  /** Stable identifier of the kind of error; the message may change, the code does not. */
  abstract readonly code: CacheErrorCode

  static {
    Object.defineProperty(this.prototype, brand, { value: true })
  }
}

/** Whether `error` was made by this library, by whatever copy of it is installed. */
export function isCacheError(error: unknown): error is CacheError {
  try {
    return typeof error === 'object' && error !== null && Reflect.get(error, brand) === true
  } catch {
    // A Proxy may throw whatever it is asked.
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

/** A value can't be stored so that every reader gets it as it was; the message names the path. */
export class SerializationError extends CacheError {
  override readonly name = 'SerializationError'
  readonly code = 'ERR_CACHE_SERIALIZATION'
  /** Where in the value the refused part is, such as `$.user.avatar`. */
  readonly path: string
  /** Class or kind of what was refused, such as `function` or `Socket`. */
  readonly kind: string

  constructor(message: string, at: { readonly path: string; readonly kind: string }) {
    super(message)
    this.path = at.path
    this.kind = at.kind
  }
}

/**
 * Why a store did not do what it was asked. `unavailable`: it can't be reached, or is not ready; `denied`: the password
 * or the rights are missing; `read-only`: it is a replica, or refuses to write; `full`: it has no memory left;
 * `wrong-type`: what is there is of another type; `protocol`: any other answer that was not expected.
 */
export type StoreErrorReason = 'unavailable' | 'denied' | 'read-only' | 'full' | 'wrong-type' | 'protocol'

/** The store did not do what it was asked; seen by callers only under `onError: 'throw'`. */
export class StoreUnavailableError extends CacheError {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'ERR_CACHE_STORE_UNAVAILABLE'
  /** Default `'unavailable'`. */
  readonly reason: StoreErrorReason

  constructor(message: string, options?: ErrorOptions & { readonly reason?: StoreErrorReason }) {
    super(message, options)
    this.reason = options?.reason ?? 'unavailable'
  }
}

/**
 * The store did not answer in time; it may have done what it was asked all the same. Seen by callers only under
 * `onError: 'throw'`.
 */
export class StoreTimeoutError extends CacheError {
  override readonly name = 'StoreTimeoutError'
  readonly code = 'ERR_CACHE_STORE_TIMEOUT'
  /** Always this one; other trouble is a {@link StoreUnavailableError} with a reason of its own. */
  readonly reason = 'timeout'
}

/** The value was not loaded within `hardTimeout`, and there was nothing stale to serve. */
export class LoaderTimeoutError extends CacheError {
  override readonly name = 'LoaderTimeoutError'
  readonly code = 'ERR_CACHE_LOADER_TIMEOUT'
}

/**
 * A load of the key failed less than `loadErrorTtl` ago, in this process or another, and there was nothing stale to
 * serve; the message is that of the failed loader's error.
 */
export class LoadCooldownError extends CacheError {
  override readonly name = 'LoadCooldownError'
  readonly code = 'ERR_CACHE_LOAD_COOLDOWN'
}

/** A loader asked, directly or through other loaders, for the key that it is loading: it would wait for itself. */
export class RecursiveLoadError extends CacheError {
  override readonly name = 'RecursiveLoadError'
  readonly code = 'ERR_CACHE_RECURSIVE_LOAD'
}

/** The cache was closed before the call. */
export class ClosedError extends CacheError {
  override readonly name = 'ClosedError'
  readonly code = 'ERR_CACHE_CLOSED'
}

/** A rate limit refuses the request; thrown only by those calls that say so. */
export class RateLimitError extends CacheError {
  override readonly name = 'RateLimitError'
  readonly code = 'ERR_CACHE_RATE_LIMIT'
  /** What the limiter answered. */
  readonly result: RateLimitResult

  constructor(message: string, result: RateLimitResult) {
    super(message)
    this.result = result
  }
}

/** A lock or semaphore was held by others for as long as the caller would wait. */
export class LockBusyError extends CacheError {
  override readonly name = 'LockBusyError'
  readonly code = 'ERR_CACHE_LOCK_BUSY'
}

/** A lock or semaphore may be held by somebody else by now, though it was not released. */
export class LockLostError extends CacheError {
  override readonly name = 'LockLostError'
  readonly code = 'ERR_CACHE_LOCK_LOST'
}
