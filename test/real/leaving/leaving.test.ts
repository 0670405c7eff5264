// A cache that is closed while it is set up leaves no connection, and lets the process end.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundlePrograms } from '../../support/bundle.ts'
import { CLIENT_NAMES } from '../native-clients.ts'
import {
  describeWithServers,
  startCluster,
  startRedis,
  startSentinelGroup,
  type RedisCluster,
  type RedisServer,
  type SentinelGroup,
} from '../servers/index.ts'

const CACHES = 40
const project = fileURLToPath(new URL('../../..', import.meta.url))

/** Runs the program, and answers its lines once it has ended by itself. */
async function run(task: object): Promise<string[]> {
  const [program = ''] = bundlePrograms(fileURLToPath(new URL('program.ts', import.meta.url)))
  const child = spawn(process.execPath, [program], {
    cwd: project,
    env: { ...process.env, TASK: JSON.stringify(task) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => {
      text += part.toString()
    })
  // A process that never ends is a failure of the test, by its signal.
  const timer = setTimeout(() => child.kill('SIGKILL'), 280_000)
  const end = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? code))
  })
  clearTimeout(timer)
  // node-redis itself prints attempts to connect to a sentinel that take longer than 5 s.
  const lines = text.trim().split('\n')
  const own = lines.filter((line) => !/^(?:ConnectionTimeoutError: | {4}at )/.test(line))
  return [...own, `ended: ${String(end)}`]
}

describeWithServers('caches that are closed while they are set up', () => {
  let server: RedisServer
  let group: SentinelGroup
  let cluster: RedisCluster

  beforeAll(async () => {
    ;[server, group, cluster] = await Promise.all([startRedis(), startSentinelGroup(), startCluster()])
  })
  afterAll(async () => {
    await Promise.all([server.close(), group.close(), cluster.close()])
  })

  describe.each(CLIENT_NAMES)('%s', (library) => {
    it('leave no connection on any server, and let the process end', { timeout: 300_000 }, async () => {
      const ports = [server, ...group.servers, ...group.sentinels, ...cluster.servers].map(({ port }) => port)
      const urls = { server: server.url, sentinels: group.url, cluster: cluster.url }
      const seed = Math.floor(Math.random() * 2 ** 31)
      const lines = await run({ library, caches: CACHES, seed, urls, ports })
      const ways = [
        'two tiers',
        'one tier',
        'a pool',
        'without a bus',
        'a client of the user',
        'a pool beside a client of the user',
      ]
      const wanted = Object.keys(urls).flatMap((topology) => ways.map((way) => `${topology}, ${way}: 0 left`))
      expect(lines, `seed ${seed}`).toEqual([...wanted, 'ended: 0'])
    })
  })
})
