import type { RedisClient } from '../../../src/redis/connection/client.ts'
import { RedisStore, type RedisStoreSettings } from '../../../src/redis/store/redis-store.ts'
import { WireFormat } from '../../../src/serialization/wire/wire-format.ts'
import type { RemoteOp } from '../../../src/core/remote/operations.ts'
import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import type { Stored } from '../../../src/core/store.ts'
import type { RespConnection } from './resp-connection.ts'

/** The epoch that tests begin with. Its ordinal is above the time of any server's clock. */
export const EPOCH = { ordinal: 1e14, random: 'first', birth: 1e14 } as const
/** A generation. */
export const GENERATION = '00112233445566778899aabb'

/** Returns a store for tests. */
export function storeOn(
  client: RedisClient,
  { prefix = 'app:', ...settings }: Partial<RedisStoreSettings> & { readonly prefix?: string } = {},
): RedisStore {
  return new RedisStore(client, prefix, new WireFormat(), { random: Math.random, ...settings })
}

export function admitted(store: RemoteStore, value: unknown): Stored {
  const answer = store.admit(value)
  if ('refused' in answer) throw answer.refused
  return answer.stored
}

/** Returns an operation that stores a value for an hour. */
export function setOf(store: RemoteStore, key: string, value: unknown): RemoteOp {
  return { kind: 'set', key, stored: admitted(store, value), ttlMs: 3_600_000 }
}

/** Returns the values that a store finds, by key. */
export async function valuesOf(
  store: RemoteStore,
  keys: readonly string[],
): Promise<Record<string, unknown>> {
  const found = await store.read(keys)
  return Object.fromEntries([...found].map(([key, { stored }]) => [key, store.view(stored)]))
}

/** Returns every name on a server, in order. */
export async function namesOn(admin: RespConnection): Promise<readonly string[]> {
  return ((await admin.call('KEYS', '*')) as string[]).toSorted()
}
