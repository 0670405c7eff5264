// CPU time of the server for each script, in GETs (a set: in SETs) of the same run: budgets of the design, § 15.
// 50 connections with one command each in flight, so that every command is a write of its own.
import { spawnSync } from 'node:child_process'
import { figure } from '../figures.ts'

const CLIENTS = 50
const EACH = 300
const ROUNDS = 5
const TTL_MS = 600_000

interface Store {
  admit(value: unknown): { readonly stored: unknown }
  read(keys: readonly string[], options: { readonly bare: boolean }): Promise<unknown>
  write(ops: readonly object[]): Promise<unknown>
  acquire(requests: readonly object[], leaseMs: number): Promise<unknown>
  sync(partition: string, since: undefined, ifNone: object): Promise<unknown>
  readonly atomic: { step(name: string, key: object, request: object): Promise<unknown> }
}

interface Client {
  connect(): Promise<unknown>
  on(event: string, listener: () => void): void
  sendCommand(args: readonly string[]): Promise<unknown>
  destroy(): void
}

interface Cache {
  consume(key: string): Promise<unknown>
}

function serverMicros(port: number): number {
  const { stdout } = spawnSync('redis-cli', ['-p', String(port), 'INFO', 'cpu'], { encoding: 'utf8' })
  const seconds = (name: string): number =>
    Number(new RegExp(String.raw`^${name}:([\d.]+)`, 'm').exec(stdout)?.[1])
  return (seconds('used_cpu_user_main_thread') + seconds('used_cpu_sys_main_thread')) * 1e6
}

async function module_<T>(path: string): Promise<T> {
  return (await import(path)) as T
}

export async function serverCpu(port: number): Promise<void> {
  const { createClient } = await module_<{ createClient: (options: object) => Client }>('redis')
  const { RedisCache } = await module_<{ RedisCache: new (options: object) => object }>(
    '../../dist/redis.mjs',
  )
  const { RateLimiter } = await module_<{ RateLimiter: new (cache: object, options: object) => Cache }>(
    '../../dist/ratelimit.mjs',
  )
  const { storeOf } = await module_<{ storeOf: (cache: object) => { readonly remote: Store } }>(
    '../../dist/shared/core.cjs',
  )
  const logger = { warn: () => undefined, info: () => undefined, error: () => undefined }
  const clients = Array.from({ length: CLIENTS }, () => createClient({ socket: { host: '127.0.0.1', port } }))
  for (const client of clients) {
    client.on('error', () => undefined)
    await client.connect()
  }
  const caches = clients.map(
    (client) => new RedisCache({ client, prefix: 'cpu:', ttl: '1d', logger, deadline: { hard: '30s' } }),
  )
  const stores = caches.map((cache) => storeOf(cache).remote)
  const limiters = caches.map(
    (cache) => new RateLimiter(cache, { name: 'cpu', algorithm: 'gcra', limit: 1_000_000, window: '1m' }),
  )
  const text = JSON.stringify({ id: 1, text: 'x'.repeat(80) })
  const { stored } = stores[0]!.admit(JSON.parse(text))
  let unique = 0

  async function micros(call: (index: number, key: string) => Promise<unknown>): Promise<number> {
    const before = serverMicros(port)
    await Promise.all(
      clients.map(async (_, index) => {
        for (let turn = 0; turn < EACH; turn++) await call(index, `key:${(index * EACH + turn) % 200}`)
      }),
    )
    return (serverMicros(port) - before) / (CLIENTS * EACH)
  }

  const set = (index: number, key: string): Promise<unknown> =>
    stores[index]!.write([{ kind: 'set', key, stored, ttlMs: TTL_MS }])
  const plain = (index: number, key: string): Promise<unknown> =>
    clients[index]!.sendCommand(['SET', `cpu:${key}`, text, 'PX', String(TTL_MS)])
  const get = (index: number, key: string): Promise<unknown> =>
    clients[index]!.sendCommand(['GET', `cpu:${key}`])
  const rows = {
    GET: { run: get, in: 'GET', budget: 1 },
    SET: { run: plain, in: 'SET', budget: 1 },
    'set, nobody follows': { run: set, in: 'SET', budget: 3.5 },
    acquire: {
      run: (index: number) =>
        stores[index]!.acquire([{ key: `none:${++unique}`, token: `t:${unique}`, freshUpToMs: 0 }], 5_000),
      in: 'GET',
      budget: 1.6,
    },
    'counter with ttl': {
      run: (index: number, key: string) =>
        stores[index]!.write([{ kind: 'increment', key: `n:${key}`, by: 1, ttlMs: TTL_MS }]),
      in: 'GET',
      budget: 1.6,
    },
    'limiter by gcra': {
      run: (index: number, key: string) => limiters[index]!.consume(key),
      in: 'GET',
      budget: 2.3,
    },
    'set, logged and published': { run: set, in: 'SET', budget: 6 },
  }
  const figures = new Map<string, number[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, { run }] of Object.entries(rows)) {
      if (name.startsWith('set, logged'))
        await stores[0]!.sync('0', undefined, { ordinal: 1, random: 'bench' })
      const us = await micros(run)
      // The first round loads the scripts.
      if (round > 0) figures.set(name, [...(figures.get(name) ?? []), us])
    }
    await clients[0]!.sendCommand(['UNLINK', 'cpu:!sequence:0', 'cpu:!log:0'])
  }
  const median = (name: string): number => figures.get(name)!.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
  console.log('\nserver: µs of CPU a call, one write each (times GET or SET, budget)')
  for (const [name, row] of Object.entries(rows)) {
    figure(`server CPU, ${name}`, median(name) / median(row.in))
    const ratio = (median(name) / median(row.in)).toFixed(2)
    console.log(
      `${name.padEnd(26)}${median(name).toFixed(1).padStart(8)} (${ratio} ${row.in}, ${row.budget})`,
    )
  }
  for (const client of clients) client.destroy()
}
