import { OptionsError } from '../../core/errors.ts'

/** The options that a client of any library and shape was made with. */
type Options = object | undefined | null

const PAST = 'a replica answers with the past'

/** Refuses options of a client of ioredis under which a cache would not work. @throws OptionsError that names one */
export function refuseIoredisOptions(options: Options): void {
  refuseKeyPrefix(read(options, 'keyPrefix'))
  if (read(options, 'stringNumbers') === true)
    refuse('stringNumbers turns the numbers that scripts answer into text')
  if (read(options, 'readOnly') === true) refuse(`readOnly reads from replicas, and ${PAST}`)
  if (read(options, 'role') === 'slave') refuse(`role: 'slave' leads to replicas, and ${PAST}`)
  if (read(options, 'monitor') === true) refuse('monitor leaves no room for commands')
}

/** Refuses such options of a cluster client of ioredis. @throws OptionsError that names one */
export function refuseIoredisClusterOptions(options: Options): void {
  refuseKeyPrefix(read(options, 'keyPrefix'))
  refuseIoredisOptions(read(options, 'redisOptions') as Options)
  const scaleReads = read(options, 'scaleReads')
  if (scaleReads !== undefined && scaleReads !== 'master')
    refuse(`scaleReads reads from replicas, and ${PAST}`)
}

/** Refuses such options of a client of node-redis of any shape. @throws OptionsError that names one */
export function refuseNodeRedisOptions(client: object): void {
  refuseKeyPrefix(read(client, '_keyPrefix'))
  if (read(read(client, 'options') as Options, 'readonly') === true)
    refuse(`readonly reads from replicas, and ${PAST}`)
  // Only a cluster client has this option. A client of a replica still reads there after the replica was a master.
  if (read(read(client, '_options') as Options, 'useReplicas') === true)
    refuse(`useReplicas reads from replicas, and ${PAST}`)
}

function refuseKeyPrefix(keyPrefix: unknown): void {
  if (!(typeof keyPrefix === 'string' || keyPrefix instanceof Uint8Array) || keyPrefix.length === 0) return
  const text = typeof keyPrefix === 'string' ? keyPrefix : Buffer.from(keyPrefix).toString()
  throw new OptionsError(
    `client: keyPrefix '${text}' is not seen by scans; make the client without, and name it as the prefix of the cache`,
  )
}

function refuse(reason: string): never {
  throw new OptionsError(`client: ${reason}; make it without`)
}

function read(options: Options, name: string): unknown {
  return options === undefined || options === null ? undefined : Reflect.get(options, name)
}
