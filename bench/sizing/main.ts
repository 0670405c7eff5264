// `npm run docs:sizing`: the bytes that entries, tags and the rest take on a server, the connections of a process, and
// the commands that it sends by itself. Writes the tables of docs/sizing.md; `-- --print` prints them alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCache, silentLogger, type BaseCache, type SetOptions } from '../../src/index.ts'
import { startCluster, startRedis, type RedisServer } from '../../test/real/servers/index.ts'
import { until } from '../../test/support/until.ts'

const PREFIX = 'shop:'
const COUNT = 200
const page = new URL('../../docs/sizing.md', import.meta.url)

const server = await startRedis()

function open(url: string, l1: object | false = {}): Promise<BaseCache> {
  return createCache({ redis: url, prefix: PREFIX, logger: silentLogger, connect: 'required', l1 })
}

/** Returns the mean bytes of the keys with these names on the server. */
async function bytesOf(names: readonly string[]): Promise<number> {
  let total = 0
  for (const name of names) total += Number(await server.command('MEMORY', 'USAGE', name, 'SAMPLES', '0'))
  return total / names.length
}

async function namesLike(pattern: string): Promise<readonly string[]> {
  return (await server.command('KEYS', pattern)) as string[]
}

const rows: string[] = []
const row = (...cells: readonly (string | number)[]): void => {
  rows.push(`| ${cells.join(' | ')} |`)
}
const whole = (figure: number): string => Math.round(figure).toLocaleString('en')

async function entries(): Promise<void> {
  row('JSON of', '`ttl` alone', 'and `grace`', 'one tag', 'two tags')
  row('---', '---:', '---:', '---:', '---:')
  const cases: readonly SetOptions[] = [
    { ttl: '1h' },
    { ttl: '1h', grace: '1h' },
    { ttl: '1h', tags: ['users'] },
    { ttl: '1h', tags: ['users', 'team:red'] },
  ]
  for (const bytes of [100, 1000, 10_000]) {
    const figures: string[] = []
    for (const options of cases) {
      await server.command('FLUSHALL')
      await using cache = await open(server.url, false)
      const value = { text: 'x'.repeat(bytes - '{"text":""}'.length) }
      await cache.setMany(
        Array.from({ length: COUNT }, (_, at) => [`user:${10_000 + at}`, value] as const),
        options,
      )
      figures.push(whole(await bytesOf(await namesLike(`${PREFIX}user:*`))))
    }
    row(`${whole(bytes)} bytes`, ...figures)
  }
}

async function sideKeys(): Promise<void> {
  await server.command('FLUSHALL')
  await using cache = await open(server.url)
  const users = cache.namespace('user')
  for (let at = 0; at < COUNT; at++) {
    await cache.set(`page:${10_000 + at}`, at, { tags: [`page:${10_000 + at}`], ttl: '1h' })
    await users.set(`${10_000 + at}`, at, '1h')
  }
  const log = `${PREFIX}!log:0`
  const length = Number(await server.command('LLEN', log))
  row('what', 'bytes on the server')
  row('---', '---:')
  row(
    'a tag, for as long as something bears it',
    whole(await bytesOf(await namesLike(`${PREFIX}!tag:page:*`))),
  )
  row(
    'a namespace, beside its entries: one tag',
    whole(await bytesOf(await namesLike(`${PREFIX}!tag:*user*`))),
  )
  row(
    'a line of the log of changes; at most 10,000 of them a partition',
    whole((await bytesOf([log])) / length),
  )
  row('the sequence of a partition', whole(await bytesOf([`${PREFIX}!sequence:0`])))
}

async function connections(): Promise<void> {
  row('cache', 'connections of a process', 'commands a second, with one entry kept in memory')
  row('---', '---:', '---:')
  const cluster = await startCluster()
  const places: readonly [string, string, object | false, readonly RedisServer[]][] = [
    ['Redis alone', server.url, false, [server]],
    ['two tiers', server.url, {}, [server]],
    ['two tiers, a cluster of three masters', cluster.url, {}, await cluster.masters()],
  ]
  for (const [name, url, l1, servers] of places) {
    const before = await connected(servers)
    const cache = await open(url, l1)
    await cache.set('a', 1)
    await sleep(1500)
    const during = (await connected(servers)) - before
    const asked = await commands(servers)
    await sleep(3000)
    // The questions of this script itself are two a server.
    const idle = ((await commands(servers)) - asked - servers.length) / 3
    row(name, during, Math.max(0, Math.round(idle)))
    await cache.close()
    await until('its connections to end', async () => (await connected(servers)) <= before)
  }
  await cluster.close()
}

async function connected(servers: readonly RedisServer[]): Promise<number> {
  return sum(servers, 'clients', /connected_clients:(\d+)/)
}

async function commands(servers: readonly RedisServer[]): Promise<number> {
  return sum(servers, 'stats', /total_commands_processed:(\d+)/)
}

async function sum(servers: readonly RedisServer[], section: string, pattern: RegExp): Promise<number> {
  let total = 0
  for (const each of servers) total += Number(pattern.exec(String(await each.command('INFO', section)))![1])
  return total
}

async function table(name: string, fill: () => Promise<void>): Promise<(text: string) => string> {
  rows.length = 0
  await fill()
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const made = `${begin}\n\n${rows.join('\n')}\n\n${end}`
  console.log(rows.join('\n'))
  return (text) => text.replace(new RegExp(`${begin}[^]*${end}`), () => made)
}

const edits = [
  await table('entries', entries),
  await table('side keys', sideKeys),
  await table('connections', connections),
]
await server.close()
if (!process.argv.includes('--print')) {
  const text = readFileSync(page, 'utf8')
  writeFileSync(
    page,
    edits.reduce((made, edit) => edit(made), text),
  )
}
