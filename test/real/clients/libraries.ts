import { Cluster as Ioredis5Cluster, Redis as Ioredis5 } from 'ioredis'
import { Cluster as Ioredis6Cluster, Redis as Ioredis6 } from 'ioredis6'
import {
  createClient as createNodeRedis6,
  createCluster as createNodeRedis6Cluster,
  createSentinel as createNodeRedis6Sentinel,
} from 'redis'
import {
  createClient as createNodeRedis5,
  createCluster as createNodeRedis5Cluster,
  createSentinel as createNodeRedis5Sentinel,
} from 'redis5'
import type {
  IoredisClient,
  NodeRedisClient,
  UsersClient,
} from '../../../src/redis/connection/users-client.ts'

/** A client as a user would make it, and the user's way to close it. */
export interface Made {
  readonly client: UsersClient
  readonly close: () => void
}

/** Makes a client of each library. */
export const LIBRARIES: Readonly<Record<string, (port: number) => Promise<Made>>> = {
  'node-redis 5': (port) => connected(createNodeRedis5({ url: `redis://127.0.0.1:${port}` })),
  'node-redis 6': (port) => connected(createNodeRedis6({ url: `redis://127.0.0.1:${port}` })),
  'ioredis 5': (port) => ready(new Ioredis5(port)),
  'ioredis 6': (port) => ready(new Ioredis6(port)),
}

/** Makes a client of each library without waiting for a connection. Those of node-redis are not connected yet. */
export const MAKES: Readonly<Record<string, (port: number, options?: object) => Made>> = {
  'node-redis 5': (port, options) =>
    destroyable(createNodeRedis5({ ...options, socket: { port, ...socketOf(options) } })),
  'node-redis 6': (port, options) =>
    destroyable(createNodeRedis6({ ...options, socket: { port, ...socketOf(options) } })),
  'ioredis 5': (port, options) => disconnectable(new Ioredis5({ port, ...options })),
  'ioredis 6': (port, options) => disconnectable(new Ioredis6({ port, ...options })),
}

function socketOf(options: object | undefined): object {
  return (options !== undefined && 'socket' in options && options.socket) || {}
}

/** Imports of each library, for a user who has installed nothing else. */
export const IMPORTS: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
  'node-redis 5': only('@redis/client', () => import('redis5')),
  'node-redis 6': only('redis', () => import('redis')),
  'ioredis 5': only('ioredis', () => import('ioredis')),
  'ioredis 6': only('ioredis', () => import('ioredis6')),
}

function only(installed: string, load: () => Promise<unknown>): (name: string) => Promise<unknown> {
  return (name) => {
    if (name === installed) return load()
    return Promise.reject(Object.assign(new Error(`no ${name}`), { code: 'ERR_MODULE_NOT_FOUND' }))
  }
}

type Connectable = NodeRedisClient & {
  connect(): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: () => void): unknown
}

async function connected(client: Connectable): Promise<Made> {
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}

type Readying = IoredisClient & {
  once(event: 'ready', listener: () => void): unknown
  on(event: 'error', listener: () => void): unknown
  disconnect(): void
}

async function ready(client: Readying): Promise<Made> {
  client.on('error', () => {})
  await new Promise<void>((resolve) => {
    client.once('ready', resolve)
  })
  return { client, close: () => client.disconnect() }
}

type MakeMany = (ports: readonly number[], name: string) => Made

const addresses = (ports: readonly number[]): { host: string; port: number }[] =>
  ports.map((port) => ({ host: '127.0.0.1', port }))

/** Makes a client of sentinels with each library. Those of node-redis are not connected yet. */
export const SENTINELS: Readonly<Record<string, MakeMany>> = {
  'node-redis 5': (ports, name) =>
    destroyable(createNodeRedis5Sentinel({ name, sentinelRootNodes: addresses(ports) })),
  'node-redis 6': (ports, name) =>
    destroyable(createNodeRedis6Sentinel({ name, sentinelRootNodes: addresses(ports) })),
  'ioredis 5': (ports, name) => disconnectable(new Ioredis5({ name, sentinels: addresses(ports) })),
  'ioredis 6': (ports, name) => disconnectable(new Ioredis6({ name, sentinels: addresses(ports) })),
}

/** Makes a client of a cluster with each library. Those of node-redis are not connected yet. */
export const CLUSTERS: Readonly<Record<string, MakeMany>> = {
  'node-redis 5': (ports) => destroyable(createNodeRedis5Cluster({ rootNodes: rootNodes(ports) })),
  'node-redis 6': (ports) => destroyable(createNodeRedis6Cluster({ rootNodes: rootNodes(ports) })),
  'ioredis 5': (ports) => disconnectable(new Ioredis5Cluster(addresses(ports))),
  'ioredis 6': (ports) => disconnectable(new Ioredis6Cluster(addresses(ports))),
}

function rootNodes(ports: readonly number[]): { socket: { host: string; port: number } }[] {
  return addresses(ports).map((socket) => ({ socket }))
}

function destroyable(client: NodeRedisClient & { destroy(): unknown }): Made {
  const close = (): void => {
    try {
      client.destroy()
    } catch {
      // It was never connected.
    }
  }
  return { client, close }
}

function disconnectable(client: IoredisClient & { disconnect(): void }): Made {
  return { client, close: () => client.disconnect() }
}
