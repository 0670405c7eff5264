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

// Each import is a literal, so that bundlers find the package, and in a `try`, so that they accept that it is missing.
const PACKAGES = {
  redis: async (): Promise<unknown> => {
    try {
      return await import('redis')
    } catch (error) {
      return missing(error)
    }
  },
  '@redis/client': async (): Promise<unknown> => {
    try {
      return await import('@redis/client')
    } catch (error) {
      return missing(error)
    }
  },
  ioredis: async (): Promise<unknown> => {
    try {
      return await import('ioredis')
    } catch (error) {
      return missing(error)
    }
  },
}

/** Loads the installed client library, node-redis first. @throws OptionsError if there is none. */
export async function loadLibrary(importPackage?: Import): Promise<NodeRedisLibrary | IoredisLibrary> {
  const others: string[] = []
  for (const [name, load] of Object.entries(PACKAGES)) {
    const found = await (importPackage === undefined ? load() : importPackage(name).catch(missing))
    if (found === undefined) continue
    const library = libraryOf(found as object)
    if (library !== undefined) return library
    others.push(name)
  }
  throw new OptionsError(
    `no client for Redis is installed${others.length > 0 ? `, except for another release of ${others.join(', ')}` : ''}; ` +
      'accepted: redis (or @redis/client) 5 or 6, ioredis 5 or 6: npm install redis; if one is installed and this ' +
      'code was bundled, name it among the external packages of the bundler, or give a client: { redis: client }',
  )
}

/** Returns nothing for the error of a package that is missing. @throws any other error. */
function missing(error: unknown): undefined {
  // Compares codes, not classes, because in tests and other sandboxes errors of Node.js come from another realm.
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return
  throw error
}

// Recognises a library by its exports, because older releases lack some of them. Some bundlers and test runners have
// the exports of a CommonJS package in `default` alone.
function libraryOf(exports: object): NodeRedisLibrary | IoredisLibrary | undefined {
  const { createClient, createSentinel, createCluster, DEFAULT_RESP, Redis, Cluster } = exports as Partial<
    NodeRedisLibrary & IoredisLibrary
  >
  if (createClient !== undefined && createSentinel !== undefined && createCluster !== undefined)
    return { kind: 'node-redis', createClient, createSentinel, createCluster, DEFAULT_RESP }
  if (Redis !== undefined && Cluster !== undefined) return { kind: 'ioredis', Redis, Cluster }
  const whole: unknown = Reflect.get(exports, 'default')
  const isWhole = typeof whole === 'object' || typeof whole === 'function'
  return isWhole && whole !== null && whole !== exports ? libraryOf(whole) : undefined
}
