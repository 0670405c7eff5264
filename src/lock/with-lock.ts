import type { HeldLock } from './held-lock.ts'
import { Lock, type LockingCache } from './lock.ts'
import type { AcquireOptions, LockOptions } from './options.ts'

/**
 * Runs `fn` while the lock of the key is held, and gives it back afterwards. `fn` receives what is held: its `signal`,
 * to be handed to whatever it waits for, and its `fence`. What `fn` answers or throws reaches the caller unchanged.
 * @throws LockLostError when the lock was lost before `fn` had ended well: somebody else may have been at work, too.
 * @throws what `Lock.acquire` throws; then `fn` was not called.
 */
export async function withLock<T>(
  cache: LockingCache,
  key: string,
  fn: (held: HeldLock) => T | PromiseLike<T>,
  options: LockOptions & AcquireOptions = {},
): Promise<T> {
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
