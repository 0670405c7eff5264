import { afterAll, beforeAll, expect, it } from 'vitest'
import { ModelKey } from '../../unit/ratelimit/models.ts'
import { ask, randomRequest, RULES } from '../../unit/ratelimit/traffic.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { atomicOn, type OwnAtomicStore } from '../../support/atomic.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'

const TOTAL = Number(process.env['CACHETTE_REDIS_LIMIT_REQUESTS'] ?? 50_000)
const SEED = Number(process.env['CACHETTE_SEED'] ?? 20_262)
const KEYS = 20
const IN_FLIGHT = 50

describeWithServers(`limits on Redis, ${TOTAL} random requests, seed ${SEED}`, () => {
  let server: RedisServer
  let own: OwnAtomicStore
  beforeAll(async () => {
    server = await startRedis()
    own = await atomicOn(server.url, 10_000)
  })
  afterAll(async () => {
    await own.close()
    await server.close()
  })

  it.each(Object.entries(RULES))(
    'decide like the model that is fed the times of the server: %s',
    async (name, rules) => {
      const random = new SeededRandom(SEED).next
      const models = Array.from({ length: KEYS }, () => new ModelKey(rules))
      let admitted = 0
      let firstMs: number | undefined
      let lastMs = 0
      const total = Math.ceil(TOTAL / Object.keys(RULES).length)
      for (let sent = 0; sent < total || lastMs - firstMs! < 1000; sent += IN_FLIGHT) {
        // The requests last for at least a second, so that many windows go by. They use one connection, so the server
        // executes them in order.
        const requests = Array.from({ length: IN_FLIGHT }, () => ({
          key: Math.floor(random() ** 3 * KEYS),
          request: randomRequest(random, rules),
        }))
        const answers = await Promise.all(
          requests.map(({ key, request }) => ask(own.atomic, `${name}:${key}`, request)),
        )
        for (const [index, { allowed, standings, atMs }] of answers.entries()) {
          const { key, request } = requests[index]!
          const expected = models[key]!.ask(request.mode, atMs, request.quantity)
          if (request.mode === 'consume' && allowed) admitted++
          firstMs ??= atMs
          lastMs = atMs
          expect({ sent, index, request, allowed, standings }).toEqual({ sent, index, request, ...expected })
        }
      }
      expect(admitted).toBeGreaterThan(KEYS)
    },
  )

  it('leaves nothing behind that does not expire', async () => {
    const keys = (await server.command('KEYS', '*')) as readonly string[]
    const ttls = await Promise.all(keys.map(async (key) => server.command('PTTL', key)))
    expect(keys.length).toBeGreaterThan(0)
    expect(ttls.filter((ttl) => ttl === -1)).toEqual([])
  })
})
