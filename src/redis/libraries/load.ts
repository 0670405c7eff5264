import { OptionsError } from '../../core/errors.ts'
import type { Ioredis } from './ioredis/line.ts'
import type { NodeRedis } from './node-redis/line.ts'

/** The used part of node-redis 5 or 6. */
export interface NodeRedisLibrary {
  readonly kind: 'node-redis'
  readonly createClient: (options: object) => NodeRedis
  readonly createSentinel: (options: object) => unknown
  readonly createCluster: (options: object) => unknown
  /** The default protocol of release 6, which is 3. */
  readonly DEFAULT_RESP?: number | undefined
}

/** The used part of ioredis 5 or 6. */
export interface IoredisLibrary {
  readonly kind: 'ioredis'
  readonly Redis: new (options: object) => Ioredis
  readonly Cluster: new (nodes: readonly object[], options: object) => unknown
}

/** Imports a package by name. */
export type Import = (name: string) => Promise<unknown>

const PACKAGES = ['redis', '@redis/client', 'ioredis']

/** Loads the installed client library, node-redis first. @throws OptionsError if there is none. */
export async function loadLibrary(
  importPackage: Import = (name) => import(name),
): Promise<NodeRedisLibrary | IoredisLibrary> {
  for (const name of PACKAGES) {
    const found = await importIfInstalled(name, importPackage)
    const library = found === undefined ? undefined : libraryOf(found)
    if (library !== undefined) return library
  }
  throw new OptionsError(
    'no client for Redis is installed; accepted: redis (or @redis/client) 5 or 6, ioredis 5 or 6: npm install redis',
  )
}

async function importIfInstalled(name: string, importPackage: Import): Promise<object | undefined> {
  try {
    return (await importPackage(name)) as object
  } catch (error) {
    // Compares codes, not classes, because in tests and other sandboxes errors of Node.js come from another realm.
    const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

// Recognises a library by its exports, because older releases lack some of them.
function libraryOf(exports: object): NodeRedisLibrary | IoredisLibrary | undefined {
  const { createClient, createSentinel, createCluster, DEFAULT_RESP, Redis, Cluster } = exports as Partial<
    NodeRedisLibrary & IoredisLibrary
  >
  if (createClient !== undefined && createSentinel !== undefined && createCluster !== undefined)
    return { kind: 'node-redis', createClient, createSentinel, createCluster, DEFAULT_RESP }
  if (Redis !== undefined && Cluster !== undefined) return { kind: 'ioredis', Redis, Cluster }
  return undefined
}
