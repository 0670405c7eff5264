// Caches on an empty server, for rounds of un-awaited calls.
import { openCache, type Engine } from '../caches.ts'
import type { ClientName } from '../native-clients.ts'
import { following, type Fresh } from './rounds.ts'

const SILENT = { warn: () => undefined, error: () => undefined }

/** A server that can be emptied. */
export interface EmptyableServer {
  readonly url: string
  command(...args: readonly string[]): Promise<unknown>
}

/** Returns a cache of an engine with a connection of its own, on a server that has been emptied. */
export async function openOrder(engine: Engine, client: ClientName, server: EmptyableServer): Promise<Fresh> {
  await server.command('FLUSHALL')
  await server.command('SCRIPT', 'FLUSH')
  // A busy machine is no fault of the server.
  const opened = await openCache(engine, client, server.url, {
    prefix: 'app:',
    logger: SILENT,
    deadline: { hard: 20 },
  })
  await following(opened.cache, engine === 'tiered')
  return opened
}
