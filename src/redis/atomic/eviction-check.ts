import { Log } from '../../core/logging/log.ts'
import type { Clock } from '../../core/time/clock.ts'
import type { Logger } from '../../core/logging/logger.ts'
import type { Connection, RedisClient } from '../connection/client.ts'

/**
 * Looks up the eviction policy of the server once, when the first limit or lock is used, because a server that evicts
 * keys forgets limits and lock holders. Asks nothing if the user may not.
 */
export class EvictionCheck {
  readonly #client: RedisClient
  readonly #log: Log
  #isDone = false

  constructor(client: RedisClient, logger: Logger, clock: Clock, cache: string) {
    this.#client = client
    this.#log = new Log(logger, clock, () => ({ cache }))
  }

  /** Begins to look, unless this was done already. */
  begin(): void {
    if (this.#isDone) return
    this.#isDone = true
    void this.#look()
  }

  async #look(): Promise<void> {
    try {
      const [master] = await this.#client.masters()
      const policy = master && (await policyOf(master))
      if (policy === undefined || policy === 'noeviction') return
      this.#log.write(
        'warn',
        { policy },
        `the server may evict limits and locks (maxmemory-policy ${policy}); use one with noeviction for them`,
      )
    } catch {
      // The next use looks again.
      this.#isDone = false
    }
  }
}

// Either command may be refused, by the rights of the user or by a service that hides it.
async function policyOf(master: Connection): Promise<string | undefined> {
  const commands = [{ args: ['INFO', 'memory'] }, { args: ['CONFIG', 'GET', 'maxmemory-policy'] }]
  const replies = await master.runAll(commands, 'text')
  const texts = replies.flatMap((reply) => (reply instanceof Error ? [] : [reply].flat(2).map(String)))
  return /\b(noeviction|(?:allkeys|volatile)-\w+)/.exec(texts.join('\n'))?.[1]
}
