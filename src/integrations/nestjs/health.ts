import type { BaseCache } from '../../cache/base-cache.ts'
import type { Health } from '../../core/health.ts'
import { checkChoice, checkOptions } from '../../options/options.ts'

/** Options of a health check. */
export interface CacheHealthOptions {
  /**
   * The status of a cache that is down, which means that each read is a miss. `'degraded'` (default), because the
   * application still answers; `'down'` takes it out of service.
   */
  readonly whenDown?: 'degraded' | 'down' | undefined
}

/** The facts of a check. */
export type CacheHealthFacts = Pick<
  Health,
  'engine' | 'reason' | 'connected' | 'breaker' | 'syncAgeMs' | 'queued'
>

/** The result of a check under a key, as Terminus takes it. */
export type CacheHealthResult<Key extends string, Status extends string> = Record<
  Key,
  { status: Status } & CacheHealthFacts
>

/** Tells Terminus how the cache is. It asks no server, so a check costs nothing and never hangs. */
export class CacheHealthIndicator {
  readonly #cache: BaseCache

  /** Takes any cache. */
  constructor(cache: BaseCache) {
    this.#cache = cache
  }

  /** Returns the result for Terminus 12, which knows `degraded`. @throws OptionsError for wrong options. */
  async check<Key extends string = 'cache'>(
    key: Key = 'cache' as Key,
    options: CacheHealthOptions = {},
  ): Promise<CacheHealthResult<Key, 'up' | 'degraded' | 'down'>> {
    const { whenDown, health } = await this.#ask(options)
    const status = ({ ok: 'up', degraded: 'degraded', down: whenDown } as const)[health.status]
    return { [key]: { status, ...factsOf(health) } } as CacheHealthResult<Key, 'up' | 'degraded' | 'down'>
  }

  /**
   * Returns the result for Terminus 10 and 11, to which a degraded cache is `up`. The facts tell more.
   * @throws OptionsError for wrong options; an error that Terminus reports, with `whenDown: 'down'`.
   */
  async isHealthy<Key extends string = 'cache'>(
    key: Key = 'cache' as Key,
    options: CacheHealthOptions = {},
  ): Promise<CacheHealthResult<Key, 'up'>> {
    const { whenDown, health } = await this.#ask(options)
    const facts = factsOf(health)
    if (health.status !== 'down' || whenDown !== 'down')
      return { [key]: { status: 'up', ...facts } } as CacheHealthResult<Key, 'up'>
    const causes = { [key]: { status: 'down', ...facts } }
    throw Object.assign(new Error(health.reason), { isHealthCheckError: true, causes })
  }

  async #ask(options: CacheHealthOptions): Promise<{ whenDown: 'degraded' | 'down'; health: Health }> {
    checkOptions(options, ['whenDown'], 'CacheHealthIndicator')
    const { whenDown = 'degraded' } = options
    checkChoice(whenDown, ['degraded', 'down'], 'CacheHealthIndicator: whenDown')
    return { whenDown, health: await this.#cache.health() }
  }
}

function factsOf({ engine, reason, connected, breaker, syncAgeMs, queued }: Health): CacheHealthFacts {
  return { engine, reason, connected, breaker, syncAgeMs, queued }
}
