import type { Clock, Random, Timers } from '../../core/time/clock.ts'
import { OptionsError } from '../../core/errors.ts'
import { report, type Logger } from '../../core/logging/logger.ts'
import type { RedisClient } from '../connection/client.ts'
import type { BreakerOptions } from '../connection/guard/breaker.ts'
import { ClusterClient } from '../connection/cluster/cluster-client.ts'
import { Deadlines } from '../connection/guard/deadlines.ts'
import { LargeValues } from '../connection/guard/large-values.ts'
import type { Surroundings } from './surroundings.ts'
import { IoredisClusterSource } from './ioredis/cluster-source.ts'
import { IoredisSource } from './ioredis/source.ts'
import type { Source } from './line.ts'
import { NodeRedisClusterSource } from './node-redis/cluster-source.ts'
import { NodeRedisSentinelSource } from './node-redis/sentinel-source.ts'
import { NodeRedisSource } from './node-redis/source.ts'
import { NodeStates } from '../connection/guard/node-states.ts'
import { maskOf } from '../connection/guard/refusals.ts'
import {
  refuseIoredisClusterOptions,
  refuseIoredisOptions,
  refuseNodeRedisOptions,
} from './refused-options.ts'
import { RefusedCommands } from '../connection/guard/refused-commands.ts'
import { Turn } from '../connection/guard/turn.ts'
import {
  isIoredis,
  isIoredisCluster,
  isNodeRedis,
  isNodeRedisCluster,
  isNodeRedisSentinel,
} from './shapes.ts'
import { reading } from '../../options/checks.ts'
import { SingleClient, type Layout } from '../connection/single-client.ts'
import { spreadAlready } from '../connection/options.ts'

/** The settings of a client of this library, for any kind of connection. */
export interface ClientSettings {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** The name of the cache in the log. */
  readonly name: string
  /** Milliseconds after which a command that is not answered has failed; default 500. */
  readonly hardMs?: number | undefined
  /** The least throughput to expect of a line, from which the extra time of large values follows; default 10 MB/s. */
  readonly bytesPerSecond?: number | undefined
  readonly breaker?: BreakerOptions | undefined
}

/** A tenth of the throughput of a line of 1 Gbit/s. */
const BYTES_PER_SECOND = 10_000_000

/** A client whose connection a caller can await. */
export interface ConnectableClient extends RedisClient {
  /** Resolves when it is connected. @throws StoreUnavailableError if the attempt under way fails. */
  whenUp(): Promise<void>
}

/**
 * Adapts a client of node-redis or ioredis that the user made. Recognises it by its methods, because it may come from
 * any copy of its package. The client is neither closed nor changed. It is connected if it was not yet.
 * @throws OptionsError for anything else.
 */
export function adaptClient(
  client: unknown,
  settings: ClientSettings,
  poolSize = 1,
  layout: Layout = 'plain',
): ConnectableClient {
  return reading('client', () => adapted(client, settings, poolSize, layout))
}

function adapted(
  client: unknown,
  settings: ClientSettings,
  poolSize: number,
  layout: Layout,
): ConnectableClient {
  const { random, timers } = settings
  const surroundings = surroundingsOf(settings, [])
  if (layout === 'one-slot' && (isNodeRedisCluster(client) || isIoredisCluster(client))) throw spreadAlready()
  if (isNodeRedisCluster(client)) {
    refuseNodeRedisOptions(client)
    return new ClusterClient(new NodeRedisClusterSource(client, random, timers), surroundings)
  }
  if (isIoredisCluster(client)) {
    refuseIoredisClusterOptions(client.options)
    return new ClusterClient(new IoredisClusterSource(client, random, false), surroundings)
  }
  return new SingleClient(sourceOf(client, settings), surroundings, poolSize, layout)
}

/** @internal */
export function surroundingsOf(
  settings: ClientSettings,
  secrets: readonly (string | undefined)[],
): Surroundings {
  const { clock, timers, random, logger, name, hardMs = 500, breaker = {} } = settings
  const large = new LargeValues(settings.bytesPerSecond ?? BYTES_PER_SECOND)
  const deadlines = new Deadlines(hardMs, clock, timers)
  const mask = maskOf(secrets)
  const said = { logger, cache: name }
  const refused = new RefusedCommands(said)
  const nodes = new NodeStates()
  return {
    ...said,
    clock,
    timers,
    random,
    breaker,
    deadlines,
    turn: new Turn(clock),
    large,
    mask,
    refused,
    nodes,
    queues: new Set(),
  }
}

function sourceOf(client: unknown, { random, timers, logger, name }: ClientSettings): Source {
  if (isNodeRedisSentinel(client)) {
    refuseNodeRedisOptions(client)
    return new NodeRedisSentinelSource(client, random, timers)
  }
  if (isNodeRedis(client)) {
    refuseNodeRedisOptions(client)
    return new NodeRedisSource(client, random, false)
  }
  if (isIoredis(client)) {
    refuseIoredisOptions(client.options)
    const { sentinels, failoverDetector } = client.options
    if (sentinels && failoverDetector !== true)
      report(
        logger,
        'warn',
        { cache: name },
        'without `failoverDetector: true` ioredis never leaves a frozen master, even if the sentinels name another one',
      )
    return new IoredisSource(client, random, false)
  }
  throw new OptionsError(
    'client: it is no client of node-redis 5 or 6 or ioredis 5 or 6; a pool, and the result of multi(), pipeline() or legacy(), are none',
  )
}
