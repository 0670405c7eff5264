import { StoreTimeoutError } from '../../core/errors.ts'
import { report } from '../../core/logging/logger.ts'
import { adaptClient, surroundingsOf, type ConnectableClient, type ClientSettings } from './adapt.ts'
import type { RedisClient } from '../connection/client.ts'
import { createCluster, createSource } from './create-source.ts'
import { PARAMETERS } from '../connection/redis-url.ts'
import { loadLibrary, type Import } from './load.ts'
import { SingleClient } from '../connection/single-client.ts'
import { layoutOf, poolSize, targetOf, type ConnectionOptions } from '../connection/options.ts'

/** The time that `connect: 'required'` waits. */
const REQUIRED_MS = 10_000

/**
 * Connects to Redis with the client library that is installed, or with the client of the user. Resolves at once, and
 * calls fail until there is a connection. With `connect: 'required'` it resolves when there is one.
 * @throws OptionsError for options of another form, or if no client library is installed. Under `connect: 'required'`
 * also StoreUnavailableError or StoreTimeoutError if Redis can't be connected to.
 */
export async function openClient(
  options: ConnectionOptions,
  settings: ClientSettings,
  importPackage?: Import,
): Promise<RedisClient> {
  const size = poolSize(options)
  const layout = layoutOf(options)
  const target = targetOf(options)
  if (target === undefined)
    return started(adaptClient(options.client, settings, size, layout), options, settings)
  if (target.unused !== undefined) warnOfUnused(target.unused, settings)
  const library = await loadLibrary(importPackage)
  const { random, timers } = settings
  const surroundings = surroundingsOf(settings, [target.password, target.sentinelPassword])
  if (target.place.kind === 'cluster')
    return started(createCluster(library, target, random, timers, surroundings), options, settings)
  const source = createSource(library, { ...target, place: target.place }, random, timers)
  return started(new SingleClient(source, surroundings, size, layout), options, settings)
}

function warnOfUnused(parameters: readonly string[], { logger, name: cache }: ClientSettings): void {
  report(
    logger,
    'warn',
    { cache, parameters },
    `the URL has parameters that are not used; accepted: ${PARAMETERS.join(', ')}; all else is an option, such as tls`,
  )
}

// A client library may take a connection for ready although the server asks for a login.
async function whenServed(client: ConnectableClient): Promise<void> {
  await client.whenUp()
  for (const master of await client.masters()) await master.run({ args: ['PING'] }, 'text')
}

async function started(
  client: ConnectableClient,
  options: ConnectionOptions,
  { timers }: ClientSettings,
): Promise<RedisClient> {
  if (options.connect !== 'required') return client
  let late: unknown
  try {
    await Promise.race([
      whenServed(client),
      new Promise<never>((_, reject) => {
        const error = new StoreTimeoutError(`not connected within ${REQUIRED_MS} ms`)
        late = timers.set(() => reject(error), REQUIRED_MS, 'awaited')
      }),
    ])
    return client
  } catch (error) {
    await client.close()
    throw error
  } finally {
    timers.clear(late)
  }
}
