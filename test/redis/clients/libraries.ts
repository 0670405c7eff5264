import { Redis as Ioredis5 } from 'ioredis'
import { Redis as Ioredis6 } from 'ioredis6'
import { createClient as createNodeRedis6 } from 'redis'
import { createClient as createNodeRedis5 } from 'redis5'

/** A client as a user would make it, and how that user would close it. */
export interface Made {
  readonly client: unknown
  readonly close: () => void
}

/** Makes a client of each library. */
export const LIBRARIES: Readonly<Record<string, (port: number) => Promise<Made>>> = {
  'node-redis 5': (port) => connected(createNodeRedis5({ url: `redis://127.0.0.1:${port}` })),
  'node-redis 6': (port) => connected(createNodeRedis6({ url: `redis://127.0.0.1:${port}` })),
  'ioredis 5': (port) => ready(new Ioredis5(port)),
  'ioredis 6': (port) => ready(new Ioredis6(port)),
}

/** How each library is found by whoever has it installed, and nothing else. */
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

interface Connectable {
  connect(): Promise<unknown>
  destroy(): void
  on(event: 'error', listener: () => void): unknown
}

async function connected(client: Connectable): Promise<Made> {
  client.on('error', () => {})
  await client.connect()
  return { client, close: () => client.destroy() }
}

interface Readying {
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
