import { createClient, createCluster } from 'redis'
import { silentLogger } from '../../src/index.ts'
import { systemClock, systemRandom, systemTimers } from '../../src/core/time/system.ts'
import { adaptClient } from '../../src/redis/libraries/adapt.ts'
import { RedisAtomicStore } from '../../src/redis/atomic/redis-atomic-store.ts'

/** The store of limits and locks on a server, with a client of its own. */
export interface OwnAtomicStore {
  readonly atomic: RedisAtomicStore
  close(): Promise<void>
}

/** Returns the atomic store of a server, with the prefix `test:`. */
export async function atomicOn(url: string, hardMs?: number): Promise<OwnAtomicStore> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  return atomicOver(client, hardMs)
}

/** Returns the atomic store of a cluster, some of whose ports are given. */
export async function atomicOnCluster(ports: readonly number[], hardMs?: number): Promise<OwnAtomicStore> {
  const client = createCluster({ rootNodes: ports.map((port) => ({ socket: { host: '127.0.0.1', port } })) })
  client.on('error', () => undefined)
  await client.connect()
  return atomicOver(client, hardMs)
}

function atomicOver(client: { destroy(): void }, hardMs: number | undefined): OwnAtomicStore {
  const surroundings = { clock: systemClock, timers: systemTimers, random: systemRandom }
  const adapted = adaptClient(client, { ...surroundings, logger: silentLogger, name: 'test', hardMs })
  return {
    atomic: new RedisAtomicStore({ client: adapted, prefix: 'test:', ...surroundings }),
    async close() {
      await adapted.close()
      client.destroy()
    },
  }
}
