import { checkFunction, checkReadable } from '../options/checks.ts'
import type { HeldLock } from './held-lock.ts'
import { Lock, type LockingCache } from './lock.ts'
import type { AcquireOptions, LockOptions } from './options.ts'

/**
 * Runs `fn` while the lock of the key is held, and gives the lock back afterwards. `fn` receives the holding. Hand its
 * `signal` to everything that `fn` waits for, and its `fence` to the resource. The caller gets the answer or the error
 * of `fn` unchanged.
 * @throws LockLostError if the lock was lost before `fn` had ended well, because another holder may have been at work,
 * too.
 * @throws the errors of `Lock.acquire`; then `fn` was not called.
 */
export async function withLock<T>(
  cache: LockingCache,
  key: string,
  fn: (held: HeldLock) => T | PromiseLike<T>,
  options: LockOptions & AcquireOptions = {},
): Promise<T> {
  checkReadable(options, 'withLock')
  checkFunction(fn, 'withLock: fn')
  const { wait, signal, ...hold } = options
  const lock = new Lock(cache, key, hold)
  const held = await lock.acquire({
    ...(wait !== undefined && { wait }),
    ...(signal !== undefined && { signal }),
  })
  try {
    const result = await fn(held)
    if (held.remainingMs === 0) held.signal.throwIfAborted()
    return result
  } finally {
    await held.release()
  }
}
