// The same calls on memory, Redis and tiers give the same answers, but for the differences that are listed. A few here;
// `npm run test:differential -- --calls 100000` plays as many as one likes.
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SeededRandom } from '../../../src/testing/random.ts'
import { CLIENT_NAMES } from '../../real/native-clients.ts'
import { describeWithServers, startRedis } from '../../real/servers/index.ts'
import { METHODS } from './calls.ts'
import { compare, shrink } from './compare.ts'
import { openSession } from './engines.ts'
import { LISTED } from './listed.ts'
import type { Subject } from './play.ts'
import { randomProgram } from './program.ts'
import { run } from './run.ts'

const SEED = Number(process.env['CACHETTE_DIFFERENTIAL_SEED'] ?? randomInt(2 ** 20))

describeWithServers('the same calls', () => {
  it(`have the same answers on every engine (seed ${SEED})`, async () => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    const { calls, differences } = await run({
      url: server.url,
      calls: 1_600,
      seed: SEED,
      clients: CLIENT_NAMES,
      sessionCalls: 400,
    })
    expect(calls).toBeGreaterThanOrEqual(1_600)
    expect(differences.join('\n\n')).toBe('')
  })

  it('are told by the fewest that differ, if an engine answers otherwise', async () => {
    const server = await startRedis()
    onTestFinished(() => server.close())
    await using session = await openSession(new SeededRandom(1), 'node-redis 6', server.url, 'broken:')
    const [memory, redis] = session.subjects as [Subject, Subject]
    const namespace = redis.cache.namespace.bind(redis.cache)
    // A cache that forgets what is taken for granted: a `set` without a ttl is not stored.
    redis.cache.namespace = (name, options) => namespace(name, { ...options, ttl: 100 })
    for (let seed = 0; ; seed++) {
      const steps = randomProgram(new SeededRandom(seed))
      if ((await compare([memory, redis], steps)) === undefined) continue
      const least = await shrink([memory, redis], steps)
      expect(least!.steps.length).toBeLessThan(5)
      return
    }
  })
})

describe('the differences that are listed', () => {
  it('are in the docs, and concern methods that there are', () => {
    const page = readFileSync(new URL('../../../docs/contract.md', import.meta.url), 'utf8')
    for (const { name, reason, methods } of LISTED) {
      expect(page).toContain(`| ${name} | ${reason} |`)
      for (const method of methods) expect(METHODS).toContain(method)
    }
  })
})
