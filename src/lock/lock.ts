import type { AtomicStore } from '../core/atomic-store.ts'
import { OptionsError } from '../core/errors.ts'
import { checkKey } from '../keys/key.ts'
import { atomicOf } from '../options/checks.ts'
import { wholeNumber } from '../options/spans.ts'
import { acquire, tryAcquire } from './acquire.ts'
import type { HeldLock } from './held-lock.ts'
import { lockSettings, waitMs, type AcquireOptions, type LockOptions } from './options.ts'
import { counted } from './counted.ts'
import type { Wanted } from './wanted.ts'

/** Any cache; its namespaces share its locks. */
export interface LockingCache {
  /** The store of its locks; `undefined` = it has none. */
  readonly atomic: AtomicStore | undefined
}

class Permits {
  readonly #wanted: Wanted

  constructor(
    cache: LockingCache,
    kind: 'lock' | 'semaphore',
    key: string,
    permits: number,
    options: LockOptions,
  ) {
    const where = kind === 'lock' ? 'Lock' : 'Semaphore'
    const store = atomicOf(cache, where)
    if (store === undefined)
      throw new OptionsError(`${where}: the engine of this cache keeps no locks (it has no \`atomic\`)`)
    checkKey(key, '', `the key of a ${kind}`)
    wholeNumber(permits, `${where}: permits`)
    this.#wanted = {
      store,
      state: { kind, key },
      permits,
      settings: lockSettings(options, where, store.logger),
    }
  }

  /**
   * Waits for a permit. The callers of a process get permits in the order of their calls. Processes take turns.
   * @throws LockBusyError if others held all permits for as long as the caller would wait, StoreUnavailableError if the
   * store does not answer, ClosedError if the cache is closed, the reason of the signal, OptionsError.
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    const longestMs = waitMs(options, 'acquire', this.#wanted.store.logger)
    return counted(this.#wanted, acquire(this.#wanted, longestMs, options.signal))
  }

  /**
   * Returns a permit if one is free and no caller waits for it, else `undefined`.
   * @throws StoreUnavailableError if the store does not answer, ClosedError if the cache is closed.
   */
  async tryAcquire(): Promise<HeldLock | undefined> {
    return counted(this.#wanted, tryAcquire(this.#wanted))
  }
}

/**
 * Mutual exclusion by a key. In memory it holds within the process. On Redis (and on the shared tier of a tiered cache)
 * it holds across all processes. docs/locks.md has its limits.
 */
export class Lock extends Permits {
  /** @throws OptionsError, KeyError for wrong arguments, and for a cache whose engine keeps no locks. */
  constructor(cache: LockingCache, key: string, options: LockOptions = {}) {
    super(cache, 'lock', key, 1, options)
  }
}

/** Mutual exclusion for up to `permits` holders at a time. Every process must give the same number. */
export class Semaphore extends Permits {
  /** @throws OptionsError, KeyError for wrong arguments, and for a cache whose engine keeps no locks. */
  constructor(cache: LockingCache, key: string, permits: number, options: LockOptions = {}) {
    super(cache, 'semaphore', key, permits, options)
  }
}
