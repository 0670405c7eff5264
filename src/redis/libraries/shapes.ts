import type { IoredisCluster } from './ioredis/cluster-source.ts'
import type { Ioredis } from './ioredis/line.ts'
import type { NodeRedisCluster } from './node-redis/cluster-source.ts'
import type { NodeRedis } from './node-redis/line.ts'
import type { NodeRedisSentinel } from './node-redis/sentinel-source.ts'

// Objects are recognised by their methods, because a client may come from another copy of its package or be minified.

/** Whether it is a client of one server of node-redis 5 or 6. */
export function isNodeRedis(value: unknown): value is NodeRedis {
  return (
    hasMethods(value, ['sendCommand', 'withCommandOptions', 'connect', 'destroy', 'duplicate', 'on']) &&
    typeof Reflect.get(value, 'isReady') === 'boolean'
  )
}

/** Whether it is a cluster client of node-redis 5 or 6. */
export function isNodeRedisCluster(value: unknown): value is NodeRedisCluster {
  return (
    hasMethods(value, ['sendCommand', 'nodeClient', 'connect', 'destroy', 'on']) &&
    Array.isArray(Reflect.get(value, 'masters')) &&
    Array.isArray(Reflect.get(value, 'slots'))
  )
}

/** Whether it is a cluster client of ioredis 5 or 6. */
export function isIoredisCluster(value: unknown): value is IoredisCluster {
  return (
    hasMethods(value, ['sendCommand', 'call', 'nodes', 'connect', 'disconnect', 'on']) &&
    Array.isArray(Reflect.get(value, 'slots'))
  )
}

/** Whether it is a sentinel client of node-redis 5 or 6. */
export function isNodeRedisSentinel(value: unknown): value is NodeRedisSentinel {
  return hasMethods(value, ['_execute', 'getMasterNode', 'connect', 'destroy', 'on'])
}

/** Whether it is a client of one server, or of the master that sentinels name, of ioredis 5 or 6. */
export function isIoredis(value: unknown): value is Ioredis {
  return (
    hasMethods(value, ['sendCommand', 'call', 'connect', 'disconnect', 'duplicate', 'on']) &&
    typeof Reflect.get(value, 'status') === 'string'
  )
}

function hasMethods(value: unknown, methods: readonly string[]): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}
