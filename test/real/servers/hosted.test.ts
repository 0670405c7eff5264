import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import {
  connect,
  describeWithServers,
  HOSTED,
  startCluster,
  startHosted,
  startRedis,
  startServerless,
  type Connection,
  type HostedService,
  type RedisServer,
} from './index.ts'

async function connectTo(service: HostedService, login: object = {}): Promise<Connection> {
  const connection = await connect({ port: service.port, ...login })
  onTestFinished(() => connection.close())
  return connection
}

describeWithServers('a hosted service', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => server.close())

  it('passes on what it does not refuse, and refuses without a code as Envoy does', async () => {
    await using service = await startHosted(server, HOSTED.envoy())
    const connection = await connectTo(service)

    const answers = await Promise.allSettled([
      connection.command('SET', 'a', 'b'),
      connection.command('CLIENT', 'ID'),
      connection.command('GET', 'a'),
      connection.command('EVAL', 'return {1, {2, ARGV[1]}}', 0, 'ä'),
    ])

    expect(answers).toMatchObject([
      { value: 'OK' },
      { reason: { message: "unsupported command 'client'" } },
      { value: 'b' },
      { value: [1, [2, 'ä']] },
    ])
    expect(service.sent('CLIENT')).toBe(1)
    expect(service.sent('CLIENT ID')).toBe(1)
  })

  it('refuses one command, or one subcommand', async () => {
    await using service = await startHosted(server, HOSTED.refusing('CLIENT SETINFO', 'SCAN'))
    const connection = await connectTo(service)

    expect(await connection.command('CLIENT', 'ID')).toBeTypeOf('number')
    await expect(connection.command('CLIENT', 'SETINFO', 'a', 'b')).rejects.toThrow(/^ERR unknown command/)
    await expect(connection.command('SCAN', 0)).rejects.toThrow(/^ERR unknown command 'SCAN'/)
    service.refused = new Set()
    expect(await connection.command('SCAN', 0)).toBeInstanceOf(Array)
  })

  it('passes messages of channels on', async () => {
    await using service = await startHosted(server)
    const subscriber = await connectTo(service)
    expect(await subscriber.command('SUBSCRIBE', 'one')).toEqual(['subscribe', 'one', 1])
    const message = subscriber.command('SUBSCRIBE', 'two')
    await message
    await server.command('PUBLISH', 'one', 'text')
    // The connection takes the next frame for the answer of the next command.
    expect(await subscriber.command('PING')).toEqual(['message', 'one', 'text'])
  })

  it('asks for its own password, and lets in whoever has given an earlier one', async () => {
    await using service = await startHosted(server, { password: 'first', username: 'app' })
    const earlier = await connectTo(service)

    await expect(earlier.command('GET', 'a')).rejects.toThrow(/^NOAUTH/)
    expect(await earlier.command('AUTH', 'app', 'first')).toBe('OK')
    service.password = 'second'
    expect(await earlier.command('PING')).toBe('PONG')
    const later = await connectTo(service)
    await expect(later.command('AUTH', 'app', 'first')).rejects.toThrow(/^WRONGPASS/)
    await expect(later.command('HELLO', 2, 'AUTH', 'app', 'first')).rejects.toThrow(/^WRONGPASS/)
    expect(await later.command('HELLO', 2, 'AUTH', 'app', 'second')).toContain('server')
    expect(await later.command('PING')).toBe('PONG')
  })

  it('is loading for as long as it is told to', async () => {
    await using service = await startHosted(server, HOSTED.loading())
    const connection = await connectTo(service)
    await expect(connection.command('PING')).rejects.toThrow(/^LOADING/)
    service.answersAll = undefined
    expect(await connection.command('PING')).toBe('PONG')
  })

  it('closes idle connections', async () => {
    await using service = await startHosted(server, { idle: { afterMs: 100, how: 'close' } })
    const connection = await connectTo(service)
    await connection.command('PING')
    await until('the connection to be closed', () => !connection.open)
  })

  it('drops idle connections without a word, and serves new ones', async () => {
    await using service = await startHosted(server, { idle: { afterMs: 50, how: 'black-hole' } })
    const connection = await connectTo(service)
    await connection.command('PING')
    const since = performance.now()
    await until('it to be idle for long enough', () => performance.now() - since > 100)
    let isAnswered = false
    const settle = (): void => {
      isAnswered = true
    }
    connection.command('PING').then(settle, () => {})

    const other = await connectTo(service)
    expect(await other.command('PING')).toBe('PONG')
    expect([isAnswered, connection.open]).toEqual([false, true])
  })

  it('moves to another server, and leaves open connections where they are', async () => {
    await using primary = await startRedis()
    await using service = await startHosted(server)
    const before = await connectTo(service)
    await before.command('SET', 'where', 'old')
    await primary.command('SET', 'where', 'new')

    service.moveTo(primary)
    await server.makeReadOnly()
    onTestFinished(async () => server.makeWritable())

    await expect(before.command('SET', 'where', 'older')).rejects.toThrow(/^READONLY/)
    const after = await connectTo(service)
    expect(await after.command('GET', 'where')).toBe('new')
  })
})

describeWithServers('one endpoint before the slots of a cluster', () => {
  it('answers for every key, refuses several slots, and scans all nodes', async () => {
    await using cluster = await startCluster()
    await using service = await startServerless(cluster)
    const connection = await connectTo(service)
    const keys = Array.from({ length: 30 }, (_, index) => `key ${index}`)

    expect(await Promise.all(keys.map((key) => connection.command('SET', key, key)))).toEqual(
      keys.map(() => 'OK'),
    )
    expect(await Promise.all(keys.map((key) => connection.command('GET', key)))).toEqual(keys)
    await expect(connection.command('DEL', 'a', 'b')).rejects.toThrow(/^CROSSSLOT/)
    await expect(connection.command('EVAL', 'return 1', 2, 'a', 'b')).rejects.toThrow(/^CROSSSLOT/)
    expect(await connection.command('EVAL', 'return KEYS[2]', 2, '{a}1', '{a}2')).toBe('{a}2')
    await expect(connection.command('SELECT', 1)).rejects.toThrow(/^ERR SELECT/)

    const found: string[] = []
    let cursor = '0'
    do {
      const [next, names] = (await connection.command('SCAN', cursor, 'COUNT', 5)) as [string, string[]]
      found.push(...names)
      cursor = next
    } while (cursor !== '0')
    expect(new Set(found)).toEqual(new Set(keys))
  })
})
