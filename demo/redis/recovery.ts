import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { BaseCache } from 'cachette'

/** Resolves when what is set is stored again: `set` answers `true` only if Redis has it. */
export async function untilNormal(cache: BaseCache): Promise<void> {
  const probes = cache.namespace<string>('probe', { ttl: '1m' })
  while (!(await probes.set(randomUUID(), 'here'))) await delay(10)
}
