import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Results } from '../../demo/report/results.ts'
import { describeWithServers } from '../real/servers/index.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'city-guide-'))
})

afterAll(() => rm(folder, { recursive: true }))

/** The demo on the sources, as `npm start` runs it on the build. */
function start(...args: readonly string[]): ChildProcess {
  const node = ['--import', 'tsx', 'demo/main.ts']
  return spawn(process.execPath, [...node, '--results', join(folder, 'results.json'), ...args])
}

async function end(demo: ChildProcess): Promise<{ code: number | null; output: string; errors: string }> {
  const [output, errors] = await Promise.all([text(demo.stdout!), text(demo.stderr!), once(demo, 'close')])
  return { code: demo.exitCode, output, errors }
}

/** Resolves when the demo has printed `words`. */
async function printed(demo: ChildProcess, words: string): Promise<void> {
  let output = ''
  for await (const chunk of demo.stdout!.iterator({ destroyOnReturn: false })) {
    output += String(chunk)
    if (output.includes(words)) return
  }
  throw new Error(`the demo ended without "${words}": ${output}`)
}

describe('the demo', () => {
  it('ends in a table, a proof and figures that keep the promises', async () => {
    const { code, output, errors } = await end(
      start('--once', '--no-redis', '--duration', '6', '--seed', '1'),
    )
    expect(errors).toBe('')
    expect(code).toBe(0)
    expect(output).toContain('City guide over 135,233 cities, seed 1.')
    expect(output).toMatch(
      /a query takes [\d.]+ ms on this machine, and about [\d,]+ visits a second are possible/,
    )
    expect(output).toMatch(/With up to \d+ visits a second the database would need/)
    expect(output).toMatch(/requests answered .* p50 .* p99 .* database queries .* hit ratio /s)
    expect(output).toMatch(
      /^0 of [\d,]+ responses were older than the last acknowledged update \(3 updates\)/m,
    )
    expect(output).toContain('Without the cache the load was cut off after')

    const results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results
    const { plan, withoutCache, withCache, coalescingOff } = results
    const crowdAnswered = plan.crowd
    expect(withCache).toMatchObject({ crowdQueries: 1, crowdAnswered, cutOff: false, failures: [] })
    expect(withCache.proof).toMatchObject({ stale: 0, updates: 3 })
    expect(withCache.proof.checked).toBeGreaterThan(crowdAnswered)
    expect(plan.withCache).toBeLessThan(plan.withoutCache)
    expect(coalescingOff.crowdQueries).toBeGreaterThanOrEqual(1)
    expect(withoutCache.crowdQueries).toBeGreaterThan(1)
    expect(withoutCache).toMatchObject({ cutOff: true, scheduled: withCache.scheduled })
    expect(withCache.answered).toBeGreaterThan(withoutCache.answered)
    expect(withCache.cache?.hitRatio).toBeGreaterThan(0.1)
  }, 240_000)

  // The first of the crowd may have its answer before a busy machine lets the second one in.
  it('shows what the crowd costs a cache without coalescing', { retry: 4, timeout: 600_000 }, async () => {
    await end(start('--once', '--no-redis', '--duration', '2'))
    const { coalescingOff } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results
    expect(coalescingOff.crowdQueries).toBeGreaterThan(1)
  })

  it.each([
    ['SIGINT', 'City guide over'],
    ['SIGINT', 'with cache:'],
    ['SIGTERM', 'without cache:'],
    ['SIGTERM', 'until you press Ctrl-C'],
  ] as const)(
    'ends cleanly on %s after "%s"',
    async (signal, words) => {
      const demo = start('--no-redis', '--duration', '3')
      await printed(demo, words)
      const sentAt = performance.now()
      demo.kill(signal)
      const { code, errors } = await end(demo)
      expect(errors).toBe('')
      expect(code).toBe(0)
      // One second is the promise; the rest is for a machine that is busy.
      expect(performance.now() - sentAt).toBeLessThan(3000)
    },
    240_000,
  )

  it('names a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, errors } = await end(start('--once', '--no-redis', '--port', String(port)))
    other.close()
    expect(code).toBe(1)
    expect(errors).toContain(`Port ${port} is in use: choose another with --port`)
  })

  it.each([
    [['--onse'], "Unknown option '--onse'"],
    [['--seed', 'x'], '--seed must be a number from 0 to 4294967295, not "x"'],
    [['--seed', '1.5'], '--seed must be a whole number, not "1.5"'],
    [['--duration', '1'], '--duration must be a number from 2 to 3600, not "1"'],
    [['now'], "Unexpected argument 'now'"],
  ])('explains the command line %j', async (args, reason) => {
    const { code, errors } = await end(start(...args))
    expect(code).toBe(2)
    expect(errors).toContain(reason)
    expect(errors).toContain('usage: npm start -- [options]')
  })
})

describeWithServers('the demo over Redis', () => {
  it('stays true while the Redis of its two processes is frozen', async () => {
    const { output } = await end(start('--once', '--duration', '6', '--seed', '1'))
    expect(output).toMatch(/In two processes over Redis, http:\S+ and http:\S+/)
    expect(output).toMatch(/^0 of [\d,]+ responses were older than the last acknowledged update/m)
    const { withCache, redis } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results
    expect(withCache).toMatchObject({ cutOff: false, failures: [], proof: { stale: 0, updates: 3 } })
    expect(redis).toMatchObject({ processes: 2, outdatedAfterwards: 0, deadlineMs: 500 })
    expect(redis?.outage?.answers).toBeGreaterThan(10)
    expect(redis?.outage?.longestMs).toBeLessThan(500 + 50)
    expect(redis?.frozenMs).toBeGreaterThanOrEqual(1490)
    expect(redis?.queuedUpdates).toBeGreaterThanOrEqual(1)
    expect(redis?.recoveryMs).toBeGreaterThan(0)
  }, 240_000)

  it('ends cleanly while Redis is frozen', async () => {
    const demo = start('--duration', '4')
    await printed(demo, 'with cache:')
    demo.kill('SIGINT')
    const { code } = await end(demo)
    expect(code).toBe(0)
  }, 240_000)
})
