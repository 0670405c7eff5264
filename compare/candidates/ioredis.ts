// A wrapper round ioredis as services have it: JSON, one load for all callers of a process, and no second tier.
import { type Library, type Loader, peer, TTL_MS } from '../candidate.ts'

interface Redis {
  get(key: string): Promise<string | null>
  set(...args: unknown[]): Promise<string | null>
  unlink(...keys: string[]): Promise<number>
  incr(key: string): Promise<number>
  scanStream(options: object): AsyncIterable<string[]>
  on(event: string, listener: () => void): void
}

/** Reads what is stored, and takes trouble of the server for a miss. */
async function read(redis: Redis, key: string): Promise<unknown> {
  const text = await redis.get(key).catch(() => null)
  return text === null ? undefined : (JSON.parse(text) as unknown)
}

async function clear(redis: Redis, name: string): Promise<void> {
  const match = `${name.replaceAll(/[*?[\]\\]/g, String.raw`\$&`)}:*`
  for await (const keys of redis.scanStream({ match, count: 100 }))
    if (keys.length > 0) await redis.unlink(...keys)
}

export const byHand: Library = {
  name: 'ioredis by hand',
  packages: ['ioredis'],
  hasServer: true,
  hasMemory: false,
  lacks: {
    memory: 'no memory in front of the server',
    invalidateTag: 'no tags',
    stale: 'stale values are not kept',
    limit: 'no time limit for loads',
    getAndProlong: 'a read does not prolong a ttl',
  },
  async open({ port, isTuned }) {
    const { Redis: Client } = await peer<{ Redis: new (options: object) => Redis }>('ioredis')
    const redis = new Client({
      host: '127.0.0.1',
      port,
      ...(isTuned && { maxRetriesPerRequest: 1, commandTimeout: 1_000, connectTimeout: 2_000 }),
    })
    redis.on('error', () => undefined)
    const loads = new Map<string, Promise<unknown>>()
    const write = async (key: string, value: unknown, ttl: number | string = TTL_MS): Promise<unknown> =>
      redis.set(key, JSON.stringify(value), 'PX', ttl)
    const loadAnew = async (
      key: string,
      loader: Loader,
      ttl: number | string | undefined,
    ): Promise<unknown> => {
      const stored = await read(redis, key)
      if (stored !== undefined) return stored
      const value = await loader()
      await write(key, value, ttl).catch(() => undefined)
      return value
    }
    return {
      isSynchronous: false,
      get: (key) => read(redis, key),
      set: (key, value, { ttl }) => write(key, value, ttl),
      delete: (key) => redis.unlink(key),
      load: (key, loader, { ttl }) => {
        const load = loads.get(key) ?? loadAnew(key, loader, ttl).finally(() => loads.delete(key))
        loads.set(key, load)
        return load
      },
      increment: (key) => redis.incr(key),
      setIfAbsent: async (key, value) =>
        (await redis.set(key, JSON.stringify(value), 'PX', TTL_MS, 'NX')) === 'OK',
      namespace: (name) => ({
        get: (key) => read(redis, `${name}:${key}`),
        set: (key, value, { ttl }) => write(`${name}:${key}`, value, ttl),
        clear: () => clear(redis, name),
      }),
    }
  },
}
