import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import {
  connect,
  describeWithServers,
  startProxy,
  startRedis,
  type Connection,
  type FaultProxy,
  type RedisServer,
} from './index.ts'

/** Returns the state of a promise after a while: its value, its error, or `pending`. */
async function after(ms: number, promise: Promise<unknown>): Promise<unknown> {
  const pending = new Promise((resolve) => {
    setTimeout(resolve, ms, 'pending')
  })
  return Promise.race([promise.catch((error: unknown) => error), pending])
}

describeWithServers('faults of a server', () => {
  let server: RedisServer
  let connection: Connection
  beforeAll(async () => {
    server = await startRedis()
    connection = await server.connect()
  })
  afterAll(async () => server.close())

  it('freezes and answers afterwards', async () => {
    server.freeze()
    const reply = connection.command('PING')
    expect(await after(50, reply)).toBe('pending')
    server.resume()
    expect(await reply).toBe('PONG')
  })

  it('is killed and restarts empty on the same port', async () => {
    await server.command('SET', 'a', 'b')
    const { pid, port } = server
    await server.kill()
    expect(server.running).toBe(false)
    await expect(server.connect()).rejects.toThrow(/ECONNREFUSED/)
    await until('the connection to end', () => !connection.open)
    await server.restart()
    expect(server.port).toBe(port)
    expect(server.pid).not.toBe(pid)
    expect(await server.command('GET', 'a')).toBe(null)
    connection = await server.connect()
  })

  it('restarts from an old snapshot', async () => {
    await server.command('SET', 'a', 'old')
    const snapshot = await server.snapshot()
    await server.command('SET', 'a', 'new')
    await server.restart(snapshot)
    expect(await server.command('GET', 'a')).toBe('old')
    connection = await server.connect()
  })

  it('cuts subscribers and leaves others', async () => {
    const subscriber = await server.connect()
    await subscriber.command('SUBSCRIBE', 'channel')
    expect(await server.killClients('pubsub')).toBe(1)
    await until('the subscriber to be cut', () => !subscriber.open)
    expect(await connection.command('PING')).toBe('PONG')
    expect(await server.killClients()).toBe(1)
    await until('the connection to be cut', () => !connection.open)
    connection = await server.connect()
  })

  it('pauses writes or everything', async () => {
    await server.pauseClients(300, 'write')
    expect(await connection.command('GET', 'a')).toBe('old')
    const written = connection.command('SET', 'a', 'b')
    expect(await after(50, written)).toBe('pending')
    expect(await written).toBe('OK')
    await server.pauseClients(300)
    expect(await after(50, connection.command('GET', 'a'))).toBe('pending')
    expect(await connection.command('PING')).toBe('PONG')
  })

  it('forgets its scripts', async () => {
    const sha = String(await connection.command('SCRIPT', 'LOAD', 'return 1'))
    expect(await connection.command('EVALSHA', sha, 0)).toBe(1)
    await server.flushScripts()
    await expect(connection.command('EVALSHA', sha, 0)).rejects.toThrow(/NOSCRIPT/)
  })

  it('refuses writes when its memory is full', async () => {
    await server.limitMemory('noeviction')
    await expect(connection.command('SET', 'a', 'c')).rejects.toThrow(/OOM/)
    expect(await connection.command('GET', 'a')).toBe('b')
    await server.unlimitMemory()
    expect(await connection.command('SET', 'a', 'c')).toBe('OK')
  })

  it('evicts at random when its memory is full', async () => {
    await server.limitMemory('allkeys-random', 1_000_000)
    for (let index = 0; index < 300; index++)
      await connection.command('SET', `filler:${index}`, 'x'.repeat(10_000))
    expect(Number((await server.info('stats')).get('evicted_keys'))).toBeGreaterThan(50)
    await server.unlimitMemory()
  })

  it('is read-only for a while', async () => {
    await connection.command('SET', 'a', 'b')
    await server.makeReadOnly()
    await expect(connection.command('SET', 'a', 'c')).rejects.toThrow(/READONLY/)
    expect(await connection.command('GET', 'a')).toBe('b')
    await server.makeWritable()
    expect(await connection.command('SET', 'a', 'c')).toBe('OK')
  })
})

describeWithServers('faults of the network', () => {
  let server: RedisServer
  let proxy: FaultProxy
  let connection: Connection
  beforeAll(async () => {
    server = await startRedis()
    proxy = await startProxy(server)
    connection = await connect({ port: proxy.port })
  })
  afterAll(async () => {
    await proxy.close()
    await server.close()
  })

  async function timeOf(promise: Promise<unknown>): Promise<number> {
    const began = performance.now()
    await promise
    return performance.now() - began
  }

  it('passes everything on', async () => {
    const value = 'x'.repeat(1_000_000)
    await connection.command('SET', 'big', value)
    expect(await connection.command('GET', 'big')).toBe(value)
  })

  it('delays both ways, not adding up what is under way', async () => {
    proxy.mode = { kind: 'delay', ms: 40 }
    const pings = Array.from({ length: 50 }, async () => connection.command('PING'))
    const took = await timeOf(Promise.all(pings))
    expect(took).toBeGreaterThan(75)
    expect(took).toBeLessThan(1000)
  })

  it('halves chunks', async () => {
    proxy.mode = { kind: 'halve', ms: 20 }
    expect(await timeOf(connection.command('PING'))).toBeGreaterThan(35)
    expect(await connection.command('ECHO', 'äöü€'.repeat(100))).toBe('äöü€'.repeat(100))
  })

  it('is a black hole that holds what was sent', async () => {
    proxy.mode = { kind: 'black-hole' }
    const reply = connection.command('INCR', 'counter')
    expect(await after(50, reply)).toBe('pending')
    expect(await server.command('GET', 'counter')).toBe(null)
    proxy.mode = { kind: 'black-hole', to: 'client' }
    await until('the command to arrive', async () => (await server.command('GET', 'counter')) === '1')
    expect(await after(20, reply)).toBe('pending')
    proxy.mode = { kind: 'pass' }
    expect(await reply).toBe(1)
  })

  it('cuts connections and refuses new ones', async () => {
    expect(proxy.connections).toBe(1)
    proxy.cut()
    await until('the connection to be cut', () => !connection.open)
    proxy.mode = { kind: 'refuse' }
    const refused = await connect({ port: proxy.port })
      .then(async (one) => one.command('PING'))
      .catch(() => 'refused')
    expect(refused).toBe('refused')
    proxy.mode = { kind: 'pass' }
    connection = await connect({ port: proxy.port })
    expect(await connection.command('PING')).toBe('PONG')
  })

  it('leaves connections half open', async () => {
    proxy.cutServerSide()
    await until('the server to lose them', async () => {
      const list = String(await server.command('CLIENT', 'LIST'))
      return list.trim().split('\n').length === 1
    })
    expect(await after(50, connection.command('PING'))).toBe('pending')
    expect(connection.open).toBe(true)
    const other = await connect({ port: proxy.port })
    expect(await other.command('PING')).toBe('PONG')
    other.close()
  })
})
