// The command line over a real server.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createDashboard } from 'cachette/dashboard'
import { RedisCache, type RedisCacheOptions } from 'cachette/redis'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { run } from '../../../src/cli/program.ts'
import { cachette, type Ran } from '../../unit/cli/cli.ts'
import { until } from '../../support/until.ts'
import { FaultProxy } from '../servers/proxy.ts'
import {
  describeWithServers,
  restrictedUser,
  startCluster,
  startRedis,
  type RedisServer,
} from '../servers/index.ts'

const PREFIX = 'shop:'
const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).pathname

describeWithServers('the command line', () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.close()
  })
  beforeEach(async () => {
    await server.command('FLUSHALL')
  })

  async function opened(options: RedisCacheOptions = {}): Promise<RedisCache> {
    const cache = await RedisCache.create({ url: server.url, prefix: PREFIX, ttl: '1h', ...options })
    onTestFinished(async () => cache.close())
    return cache
  }

  async function call(...argv: readonly string[]): Promise<Ran> {
    return cachette([...argv, '--prefix', PREFIX], { env: { REDIS_URL: server.url } })
  }

  it('lists keys, by size if asked', async () => {
    const cache = await opened()
    await cache.setMany({ 'user:1': 'x', 'user:2': 'x'.repeat(500), 'team:1': 'x' })
    await cache.set('user:3', 'x', { ttl: Infinity, tags: ['t'] })

    const listed = await call('keys', 'user:', '--sort', 'size', '--json')

    expect(listed.json()).toEqual([
      { key: 'user:2', ttl: expect.closeTo(3600, -2), bytes: expect.any(Number) },
      { key: 'user:3', ttl: 'never', bytes: expect.any(Number) },
      { key: 'user:1', ttl: expect.closeTo(3600, -2), bytes: expect.any(Number) },
    ])
    expect(await call('keys', '--limit', '2')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^(.+\t60 min\t.+\n|.+\tnever\t.+\n){2}$/),
      err: 'There are more keys; --limit lists more of them.\n',
    })
  })

  it('prints values, and exits with 1 without one', async () => {
    const cache = await opened()
    await cache.set('text', 'just text')
    await cache.namespace('orders').set('7', { total: 12n, lines: new Map([['a', 1]]) })

    expect(await call('get', 'text')).toMatchObject({ exit: 0, out: 'just text\n', err: '' })
    expect((await call('get', 'orders:7', '--json')).json()).toEqual([
      {
        key: 'orders:7',
        status: 'fresh',
        ttl: expect.closeTo(3600, -2),
        value: { total: '12', lines: [['a', 1]] },
      },
    ])
    expect(await call('get', 'nothing')).toMatchObject({
      exit: 1,
      out: '',
      err: 'There is no fresh value of nothing.\n',
    })
  })

  it('prints values that JSON has no form for', async () => {
    const cache = await opened()
    await cache.set('limits', { most: Infinity, bytes: Uint8Array.of(1, 2) })

    expect((await call('get', 'limits', '--json')).json()).toMatchObject([
      { value: { most: 'Infinity', bytes: 'AQI=' } },
    ])
  })

  it('explains an entry that its tag has hidden', async () => {
    const cache = await opened()
    await cache.set('user:1', 'Ada', { tags: ['team:3'] })

    expect((await call('inspect', 'user:1', '--json')).json()[0]).toMatchObject({
      name: 'shop:user:1',
      type: 'string',
      state: 'fresh',
      tags: [{ tag: 'team:3' }],
    })
    expect(await call('invalidate', '--tag', 'team:3', '--dry-run')).toMatchObject({
      exit: 0,
      out: 'would invalidate 1 entry\n',
    })
    expect(await call('invalidate', '--tag', 'team:3', '--yes')).toMatchObject({ exit: 0 })
    expect((await call('inspect', 'user:1', '--json')).json()[0]).toMatchObject({ state: 'invalidated' })
    expect(await cache.get('user:1')).toBeUndefined()
  })

  it('deletes keys, and only tells of them in a dry run', async () => {
    const cache = await opened()
    await cache.setMany({ a: 1, b: 2 })

    expect(await call('delete', 'a', 'none', '--dry-run')).toMatchObject({ exit: 0, out: 'would delete a\n' })
    expect(await cache.get('a')).toBe(1)
    expect(await call('delete', 'a', 'none')).toMatchObject({ exit: 0, out: 'deleted 1 of 2\n' })
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.get('b')).toBe(2)
    expect(await call('delete', 'none')).toMatchObject({ exit: 1 })
    expect(await call('delete', 'b', 'b')).toMatchObject({ exit: 0, out: 'deleted 1 of 1\n' })
  })

  it('clears a namespace, the keys with a beginning, or all of them', async () => {
    const cache = await opened()
    const orders = cache.namespace('orders')
    await orders.set('7', 1)
    await cache.setMany({ 'user:1': 1, 'user:2': 2, 'team:1': 3 })

    expect(await call('invalidate', '--namespace', 'orders', '--yes')).toMatchObject({ exit: 0 })
    expect(await orders.get('7')).toBeUndefined()
    expect(await call('invalidate', '--prefix-of-keys', 'user:', '--yes')).toMatchObject({
      exit: 0,
      out: 'removed 2 keys\n',
    })
    expect(await cache.get('team:1')).toBe(3)
    expect(await call('invalidate', '--all', '--yes')).toMatchObject({ exit: 0 })
    expect(await cache.get('team:1')).toBeUndefined()
  })

  it('asks on a terminal before it invalidates', async () => {
    const cache = await opened()
    await cache.set('a', 1)
    const questions: string[] = []
    const answer = (yes: boolean) => async (question: string) => {
      questions.push(question)
      return yes
    }
    const argv = ['invalidate', '--all', '--prefix', PREFIX, '--url', server.url]

    expect(await cachette(argv, { confirm: answer(false) })).toMatchObject({
      exit: 1,
      err: 'cachette: nothing was changed\n',
    })
    expect(await cache.get('a')).toBe(1)
    expect(await cachette(argv, { confirm: answer(true) })).toMatchObject({ exit: 0 })
    expect(await cache.get('a')).toBeUndefined()
    expect(questions).toEqual(Array(2).fill(`Invalidate all keys under shop: on 127.0.0.1:${server.port}?`))
  })

  it('tells the families that take the most memory', async () => {
    const cache = await opened()
    for (let id = 0; id < 20; id++) await cache.set(`user:${id}`, 'x'.repeat(100))
    await cache.set('page:list:{"page":1}', 'x')

    expect((await call('top', '--json')).json()).toMatchObject([
      { family: 'user:{id}', entries: 20, withoutTtl: 0 },
      { family: 'page:list:{params}', entries: 1 },
    ])
  })

  it('counts the processes that follow', async () => {
    const cache = await opened()
    await cache.set('a', 1, { tags: ['t'] })
    await cache.get('a')
    await until('a listener', async () => {
      const [figures] = (await call('stats', '--json')).json() as [{ readonly listeners: number }]
      return figures.listeners === 1
    })
  })

  it('prints the figures of processes that have a dashboard', async () => {
    const cache = await opened({ name: 'shop' })
    const dashboard = createDashboard(cache)
    onTestFinished(() => dashboard.close())
    for (let read = 0; read < 4; read++) await cache.getOrSet('user:1', () => 'Ada')

    await until('its figures', async () => {
      const [{ processes }] = (await call('stats', '--json')).json() as [
        { processes: readonly { reads: number }[] },
      ]
      return processes[0]?.reads === 4
    })
    // A process that has too much to do puts its figures up late.
    await until('a line of them', async () => {
      const { out, exit } = await call('stats')
      return exit === 0 && /^[^\t]+:\d+\tshop\tok\t4\t75\.0 %\t1\t\d+\.\d s\t$/m.test(out)
    })
  })

  it('follows invalidations as they happen', async () => {
    const cache = await opened()
    // Only a tag that a process has read is announced.
    await cache.set('a', 1, { tags: ['team:3'] })
    await cache.get('a')
    let hasEnded = false
    const following = cachette(['tail', '--limit', '1', '--json', '--prefix', PREFIX], {
      env: { REDIS_URL: server.url },
    }).finally(() => (hasEnded = true))
    await until('an announcement', async () => {
      await cache.invalidateTag('team:3')
      return hasEnded
    })

    expect((await following).json()).toMatchObject([{ kind: 'tag', item: 'team:3' }])
  })

  it('tells that it hears nothing while the connection is lost', async () => {
    await using proxy = new FaultProxy({ port: server.port })
    await proxy.listen()
    const notes: string[] = []
    const ending = new AbortController()
    const following = run(['tail', '--prefix', PREFIX, '--url', proxy.url], {
      env: {},
      version: '1.2.3',
      isTerminal: false,
      signal: ending.signal,
      out: { write: () => undefined },
      err: { write: (text) => notes.push(text.split(' ')[1]!) },
    })
    await until('the first connection', () => notes.length === 1)
    proxy.mode = { kind: 'refuse' }
    proxy.cut()
    await until('the loss', () => notes.length === 2)
    proxy.mode = { kind: 'pass' }
    await until('the next connection', () => notes.length === 3)
    ending.abort()

    expect(await following).toBe(0)
    expect(notes).toEqual(['on', 'connection', 'on'])
  })

  it('ends if the server does not let it follow', async () => {
    const login = server.urlOf(restrictedUser)

    const { exit, err } = await cachette(['tail', '--prefix', PREFIX, '--url', login])
    expect(exit).toBe(3)
    expect(err).toMatch(/^cachette: the server does not let this user follow shop:!bus:0: .*\n$/)
  })

  it('shows a table with colours in a pseudo-terminal, and none with NO_COLOR', async () => {
    const cache = await opened()
    await cache.set('user:1', 'x')
    const inTerminal = (env: NodeJS.ProcessEnv): string => {
      const command = `${process.execPath} --import tsx ${MAIN} keys --prefix ${PREFIX}`
      // Node shows no colours to a pipeline.
      const { CI: _ci, FORCE_COLOR: _force, NO_COLOR: _no, ...rest } = process.env
      const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
        env: { ...rest, REDIS_URL: server.url, ...env },
        encoding: 'utf8',
      })
      return stdout
    }

    const shown = inTerminal({})
    expect(shown).toContain('│ \u001B[1mkey\u001B[22m')
    expect(shown).toMatch(/│ user:1 +│ +60 min │/)
    const plain = inTerminal({ NO_COLOR: '1' })
    expect(plain).toMatch(/│ user:1 +│ +60 min │/)
    expect(plain).not.toContain('\u001B[1m')
  })

  it('ends with 130 when it is interrupted', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'tail', '--url', server.url], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit')
    await once(child.stderr, 'data')
    child.kill('SIGINT')

    expect(await ended).toEqual([130, null])
  })

  const doctor = async (...argv: readonly string[]): Promise<readonly string[]> => {
    const ran = await cachette(['doctor', '--json', '--prefix', PREFIX, '--url', server.url, ...argv])
    const [{ findings }] = ran.json() as [{ readonly findings: readonly { state: string; check: string }[] }]
    return findings.filter(({ state }) => state !== 'ok').map(({ check }) => check)
  }

  it('finds nothing wrong with a healthy server', async () => {
    const cache = await opened()
    await cache.set('a', 1)

    expect(await doctor()).toEqual([])
    expect(await call('doctor')).toMatchObject({
      exit: 0,
      err: `127.0.0.1:${server.port}, prefix shop:: 0 problems, 0 warnings\n`,
    })
  })

  it.each([
    [
      'a server that evicts',
      'maxmemory-policy',
      async () => void (await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')),
    ],
    ['a full server', 'memory', async () => server.limitMemory('noeviction', 10_000)],
    ['entries without a ttl', 'ttls', async () => void (await server.command('SET', 'shop:user:1', '{}'))],
    [
      'names of another program',
      'foreign names',
      async () => void (await server.command('RPUSH', 'shop:q', 1)),
    ],
    [
      'a cache inside this one',
      'shared prefix',
      async () => void (await server.command('SET', 'shop:inner:!fleet:', 'x', 'EX', 60)),
    ],
    [
      'a cache around this one',
      'shared prefix',
      async () => void (await server.command('SET', 'sho!fleet:', 'x', 'EX', 60)),
    ],
    [
      'keys of another layout',
      'layouts',
      async () => void (await server.command('SET', 'shop:{a7}user:1', '{}', 'EX', 60)),
    ],
    [
      'entries that can not be read',
      'formats',
      async () => void (await server.command('SET', 'shop:user:1', 'plain words', 'EX', 60)),
    ],
    [
      'a large entry',
      'large entries',
      async () => void (await server.command('SET', 'shop:user:1', `"${'x'.repeat(2_000_000)}"`, 'EX', 60)),
    ],
  ])('finds %s', async (_, check, plant) => {
    onTestFinished(async () => {
      await server.unlimitMemory()
      await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    })
    await plant()

    expect(await doctor()).toContain(check)
  })

  it('finds a user without rights to channels and to the state of the server', async () => {
    expect(await doctor('--url', server.urlOf(restrictedUser))).toEqual(
      expect.arrayContaining(['server', 'channel']),
    )
  })

  it('finds nothing wrong with a user who may use its prefix alone', async () => {
    await server.command('ACL', 'SETUSER', 'own', 'on', '>own', '~shop:*', '&shop:*', '+@all')
    onTestFinished(async () => void (await server.command('ACL', 'DELUSER', 'own')))

    expect(await doctor('--url', server.urlOf({ username: 'own', password: 'own' }))).toEqual([])
  })

  it('works over a cluster, and adds up its masters', async () => {
    const cluster = await startCluster()
    onTestFinished(async () => cluster.close())
    const cache = await RedisCache.create({ url: cluster.url, prefix: PREFIX, ttl: '1h' })
    onTestFinished(async () => cache.close())
    for (let id = 0; id < 30; id++) await cache.set(`user:${id}`, 'x', { tags: ['t'] })
    const [figures] = (
      await cachette(['stats', '--json', '--prefix', PREFIX, '--url', cluster.url])
    ).json() as [{ readonly keys: number; readonly listeners: number }]

    expect(await doctor('--url', cluster.url)).toEqual([])
    expect(figures.keys).toBeGreaterThanOrEqual(30)
  })

  it('finds a replica', async () => {
    const replica = await startRedis({ replicaOf: server })
    onTestFinished(async () => replica.close())

    expect(await doctor('--url', replica.url)).toEqual(
      expect.arrayContaining(['role', 'write, read, delete']),
    )
  })

  it('finds a slow line', async () => {
    await using proxy = new FaultProxy({ port: server.port })
    await proxy.listen()
    proxy.mode = { kind: 'delay', ms: 40 }

    expect(await doctor('--url', proxy.url)).toEqual(['round trip'])
  })

  it('tells what is wrong with TLS, and where an authority is named', async () => {
    await using secure = await startRedis({ tls: true })
    const askAt = async (url: string): Promise<Ran> => cachette(['keys', '--url', url, '--timeout', '2'])

    expect((await askAt(secure.url)).err).toMatch(
      /certificate.*; NODE_EXTRA_CA_CERTS=FILE names the authority/,
    )
    expect((await askAt(secure.url.replace('rediss:', 'redis:'))).err).toMatch(/perhaps it speaks TLS/)
    const { exit, err } = await askAt(server.url.replace('redis:', 'rediss:'))
    expect(exit).toBe(3)
    expect(err).toMatch(/no answer within 2 s; perhaps it speaks no TLS/)
  })

  it('tells a wrong password from a server that is away', async () => {
    const locked = await startRedis({ password: 'right-password' })
    onTestFinished(async () => locked.close())

    const ran = await cachette(['doctor', '--url', locked.urlOf({ password: 'wrong-password' })])

    expect(ran).toMatchObject({ exit: 3, out: '' })
    expect(ran.err).toMatch(/^cachette: can't connect to 127\.0\.0\.1:\d+: .*WRONGPASS.*\n$/)
    expect(ran.err).not.toContain('wrong-password')
  })
})
