import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Peer } from '../../support/peer.ts'
import { until } from '../../support/until.ts'
import type * as NodeTasks from './node.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

type Node = Peer<typeof NodeTasks>

const LEASE_MS = 5000

describeWithServers('two processes', () => {
  let server: RedisServer
  let one: Node
  let other: Node

  async function startNode(
    engine: 'redis' | 'tiered' = 'redis',
    client: 'node-redis 6' | 'ioredis 5' = 'node-redis 6',
  ): Promise<Node> {
    const node: Node = new Peer(new URL('node.ts', import.meta.url))
    await node.call.open(engine, server.url, client)
    return node
  }

  beforeAll(async () => {
    server = await startRedis()
    ;[one, other] = await Promise.all([startNode(), startNode('redis', 'ioredis 5')])
  })
  afterAll(async () => {
    await Promise.all([one.kill(), other.kill()])
    await server.close()
  })

  it('load a cold key once, whatever the number of callers', async () => {
    for (let round = 0; round < 100; round++) {
      const key = `cold:${round}`
      const crowds = await Promise.all([one, other].map(async (node) => node.call.crowd(key, 50)))
      expect(crowds.map(({ loads }) => loads).reduce((sum, loads) => sum + loads)).toBe(1)
      expect(new Set(crowds.flatMap(({ values }) => values)).size).toBe(1)
    }
  })

  it('load a cold key once in two tiers, too', async () => {
    const nodes = await Promise.all([startNode('tiered'), startNode('tiered')])
    for (let round = 0; round < 20; round++) {
      const crowds = await Promise.all(nodes.map(async (node) => node.call.crowd(`tiered:${round}`, 50)))
      expect(crowds.map(({ loads }) => loads).reduce((sum, loads) => sum + loads)).toBe(1)
    }
    await Promise.all(nodes.map(async (node) => node.kill()))
  })

  describe.each(['redis', 'tiered'] as const)('with a database that is away, %s', (engine) => {
    const COOLDOWN_MS = 500

    it.each([
      { held: 'a stale value', grace: '1m', outcomes: ['stale'] },
      { held: 'nothing', grace: false, outcomes: ['Error', 'LoadCooldownError'] },
    ] as const)(
      'ask it once in a cool-down for all their callers, who hold $held',
      async ({ grace, outcomes }) => {
        const nodes = await Promise.all([startNode(engine), startNode(engine)])
        const [first, second] = nodes
        const key = `away:${engine}:${String(grace)}`
        if (grace !== false) {
          await first.call.set(key, 'stale', { ttl: '100ms', grace })
          await until('it to be stale', async () => (await second.call.get(key)) === undefined)
        }
        const options = { loadErrorTtl: COOLDOWN_MS / 1000, grace }
        const asked = await Promise.all(nodes.map(async (node) => node.call.fail(key, 50, 1_800, options)))
        const loadsAt = asked.flatMap((one) => one.loadsAt).toSorted((a, b) => a - b)
        // The first load is at once, and another one after each cool-down that ended.
        expect(loadsAt.length).toBeGreaterThan(1)
        const pauses = loadsAt.slice(1).map((at, index) => at - loadsAt[index]!)
        expect(Math.min(...pauses)).toBeGreaterThan(COOLDOWN_MS)
        expect(new Set(asked.flatMap((one) => one.outcomes))).toEqual(new Set(outcomes))
        await Promise.all(nodes.map(async (node) => node.kill()))
      },
    )
  })

  it('take over within the lease time when the one that loads is killed', async () => {
    const victim = await startNode()
    victim.call.hang('slow').catch(() => undefined)
    await until('the load to begin', () => victim.events.includes('loading'))
    await victim.kill()
    const { value, tookMs } = await other.call.takeOver('slow')
    expect(value).toBe('taken over')
    // The last renewal was before the death of the process. Then polls of up to 200 ms notice that the lease is void.
    expect(tookMs).toBeLessThan(LEASE_MS + 2000)
    expect(await one.call.get('slow')).toBe('taken over')
  })

  it('count 100,000 times each to 200,000', async () => {
    const unanswered = await Promise.all(
      [one, other].map(async (node) => node.call.increment('hits', 100_000, 100)),
    )
    expect(unanswered).toEqual([0, 0])
    expect(await one.call.get('hits')).toBe(200_000)
  })

  it('do not prolong the ttl of a counter', async () => {
    await one.call.increment('window', 1, 1, '1s')
    const began = performance.now()
    // Both count on until the counter begins anew, which no increment may put off.
    await until(
      'the window to end',
      async () => {
        await other.call.increment('window', 1, 1, '1s')
        await one.call.increment('window', 1, 1, '1s')
        return (await server.command('GET', 'two:window')) === '2' && performance.now() - began > 500
      },
      { timeoutMs: 3000 },
    )
    expect(performance.now() - began).toBeGreaterThan(900)
  })
})
