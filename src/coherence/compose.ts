import { handOver } from '../core/background.ts'
import { ageClock } from '../core/time/age-clock.ts'
import { Log } from '../core/logging/log.ts'
import { consoleLogger } from '../core/logging/logger.ts'
import { timersFor, type CacheOptions } from '../options/options.ts'
import type { Bus } from '../core/remote/log.ts'
import type { RemoteStore } from '../core/remote/remote-store.ts'
import { systemRandom } from '../core/time/system.ts'
import { coherenceSettings, type CoherenceOptions } from './options.ts'
import { CoherentStore } from './coherent-store.ts'
import type { LocalMemory } from './local-tier.ts'

/** The parts of a coherent store. */
export interface Composition {
  readonly remote: RemoteStore
  /** The memory of this process, of its own; absent = nothing is kept here. */
  readonly local?: LocalMemory | undefined
  readonly bus?: Bus | undefined
  /** Whether every key of the server belongs to the cache, so that it may remove all; default: yes. */
  readonly ownsAll?: boolean | undefined
  /** The length of the server's logs in entries; default: as the remote store says, else 10,000. */
  readonly logLength?: number | undefined
}

const DROPPED =
  'invalidations were dropped, because there is no room for more or the server refuses them; entries that they cover may be read until their ttl ends'

const LEFT =
  'the cache is closed, and invalidations still wait for the server; entries that they cover may be read until their ttl ends'

/**
 * Returns the store of a cache that several processes share, with or without a tier of this process. @throws
 * OptionsError
 */
export function coherentStore(
  { logLength, local, bus, ...rest }: Composition,
  options: CacheOptions & CoherenceOptions,
): CoherentStore {
  const { random = systemRandom } = options
  const clock = ageClock(options.clock)
  const settings = coherenceSettings(options, logLength ?? rest.remote.logLength)
  const { logger = consoleLogger, name = 'cache' } = options
  const log = new Log(logger, clock, () => ({ cache: name }))
  const onDropped = (err: unknown): void => log.notice('error', err === undefined ? {} : { err }, DROPPED)
  const onLeft = (count: number): void => log.write('warn', { count }, LEFT)
  const { waitUntil } = options
  const hostFailed = (err: unknown): void => log.notice('warn', { err }, 'waitUntil has failed')
  const owing = waitUntil && ((work: Promise<unknown>): void => handOver(waitUntil, work, hostFailed))
  const node = Array.from({ length: 2 }, () => Math.floor(random() * 2 ** 52).toString(36)).join('')
  return new CoherentStore(
    { ...rest, local, bus, clock, random, timers: timersFor(options), node, owing, onDropped, onLeft },
    settings,
  )
}
