import { afterAll, beforeAll, expect, it } from 'vitest'
import { silentLogger } from '../../../src/core/logging/logger.ts'
import { RateLimiter, type RateLimiterOptions } from '../../../src/ratelimit/index.ts'
import { atomicOn, type OwnAtomicStore } from '../../support/atomic.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, serverKinds, startRedis, type RedisServer } from '../servers/index.ts'

const HARD_MS = 300

for (const { kind, program } of serverKinds()) {
  describeWithServers(`a rate limiter on ${kind}`, () => {
    let server: RedisServer
    let own: OwnAtomicStore
    let names = 0
    beforeAll(async () => {
      server = await startRedis({ program })
      own = await atomicOn(server.url, HARD_MS)
    })
    afterAll(async () => {
      await own.close()
      await server.close()
    })
    const make = (options: Partial<RateLimiterOptions> = {}): RateLimiter => {
      const all = { name: `n${++names}`, limit: 3, window: '1m', logger: silentLogger, ...options }
      return new RateLimiter({ atomic: own.atomic }, all)
    }

    it.each(['gcra', 'fixed-window', 'sliding-window'] as const)(
      'counts, blocks, penalises and forgets: %s',
      async (algorithm) => {
        const limiter = make({ algorithm })
        expect(await limiter.consume('a', 2)).toMatchObject({
          allowed: true,
          remaining: 1,
          decidedBy: 'store',
        })
        expect(await limiter.consume('a', 2)).toMatchObject({ allowed: false, remaining: 1 })
        expect(await limiter.penalty('a')).toMatchObject({ allowed: false, remaining: 0 })
        expect(await limiter.reset('a')).toBe(true)
        expect(await limiter.reset('a')).toBe(false)
        await limiter.consume('a')
        expect(await limiter.block('a', '1h')).toBe(true)
        const blocked = await limiter.consume('a')
        expect(blocked).toMatchObject({ allowed: false, remaining: 0 })
        expect(blocked.retryAfterMs).toBeGreaterThan(3_590_000)
        await limiter.block('a', '1ms')
        await until('the block to end', async () => (await limiter.peek('a')).allowed)
        expect(await limiter.peek('a', 4)).toMatchObject({
          allowed: false,
          retryAfterMs: Infinity,
          remaining: 2,
        })
      },
    )

    it.each(['gcra', 'fixed-window', 'sliding-window'] as const)(
      'blocks with a refusal, and counts anew after the block: %s',
      async (algorithm) => {
        const limiter = make({ algorithm, blockFor: '200ms', blockList: false })
        await limiter.consume('a', 3)
        const refused = await limiter.consume('a')
        expect(refused).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 200 })
        const again = await limiter.consume('a')
        expect(again.allowed).toBe(false)
        expect(again.retryAfterMs).toBeLessThanOrEqual(200)
        await until('the block to end', async () => (await limiter.peek('a')).allowed)
        expect(await limiter.consume('a')).toMatchObject({ allowed: true, remaining: 2 })
      },
    )

    it('keeps a block as long as it lasts, and what was taken as long as it counts', async () => {
      const limiter = make({ name: 'kept', limit: 1, window: '1h', algorithm: 'fixed-window' })
      await limiter.block('a', '1s')
      expect(await server.command('PTTL', 'test:!limit:kept:f3600000:a')).toBeLessThanOrEqual(1000)
      await limiter.reset('a')
      await limiter.consume('a')
      await limiter.block('a', '1s')
      expect(await server.command('PTTL', 'test:!limit:kept:f3600000:a')).toBeGreaterThan(3_590_000)
    })

    it('asks once a request, whatever the number of limits, and not at all for what it knows', async () => {
      const limits = [
        { limit: 10, window: '1s' },
        { limit: 1000, window: '1h' },
        { limit: 5, window: '1d', algorithm: 'sliding-window' },
      ]
      const limiter = new RateLimiter({ atomic: own.atomic }, { name: 'once', limits } as RateLimiterOptions)
      const calls = async (): Promise<number> => {
        const stats = await server.info('commandstats')
        const of = (command: string): number =>
          Number(/calls=(\d+)/.exec(stats.get(`cmdstat_${command}`) ?? '')?.[1] ?? 0)
        return of('evalsha') + of('eval')
      }
      await limiter.consume('warm')
      const before = await calls()
      for (let count = 0; count < 5; count++) await limiter.consume('a')
      expect((await calls()) - before).toBe(5)
      await limiter.consume('a')
      for (let count = 0; count < 50; count++) await limiter.consume('a')
      expect((await calls()) - before).toBe(6)
    })

    it('goes on after the server has forgotten its scripts', async () => {
      const limiter = make()
      await limiter.consume('a')
      await server.flushScripts()
      expect(await limiter.consume('a')).toMatchObject({ remaining: 1, decidedBy: 'store' })
    })

    it('replaces what is no state of its own', async () => {
      await server.command('HSET', 'test:!limit:odd:g60000:a', 'field', 'value')
      const limiter = make({ name: 'odd', whenUnavailable: 'deny' })
      expect(await limiter.consume('a')).toMatchObject({ allowed: true, decidedBy: 'store', remaining: 2 })
    })
  })
}

describeWithServers('a rate limiter whose server fails', () => {
  const outcomes = async (own: OwnAtomicStore): Promise<Record<string, string>> => {
    const found: Record<string, string> = {}
    for (const whenUnavailable of ['allow', 'deny', 'memory'] as const) {
      const options = { name: 'api', limit: 2, window: '1h', logger: silentLogger, whenUnavailable } as const
      const limiter = new RateLimiter({ atomic: own.atomic }, options)
      const answers = []
      for (let count = 0; count < 4; count++) {
        const startMs = performance.now()
        const { allowed, decidedBy } = await limiter.consume('a')
        answers.push(`${decidedBy} ${allowed}`)
        // The limit is one deadline, and time for a busy machine.
        expect(performance.now() - startMs).toBeLessThan(HARD_MS + 250)
      }
      found[whenUnavailable] = answers.join(', ')
    }
    return found
  }
  const expected = {
    allow: 'allow true, allow true, allow true, allow true',
    deny: 'deny false, deny false, deny false, deny false',
    memory: 'memory true, memory true, memory false, memory false',
  }

  it.each<[string, (server: RedisServer) => unknown, (server: RedisServer) => unknown]>([
    ['frozen', (server) => server.freeze(), (server) => server.resume()],
    ['killed', (server) => server.kill(), (server) => server.restart()],
    ['out of memory', (server) => server.limitMemory('noeviction', 0), (server) => server.unlimitMemory()],
    ['read-only', (server) => server.makeReadOnly(), (server) => server.command('REPLICAOF', 'NO', 'ONE')],
  ])('does what it was told while the server is %s, and asks it again afterwards', async (_, fail, mend) => {
    await using server = await startRedis()
    const own = await atomicOn(server.url, HARD_MS)
    const limiter = new RateLimiter(
      { atomic: own.atomic },
      { name: 'back', limit: 9, window: '1h', logger: silentLogger },
    )
    await limiter.consume('a')
    await fail(server)
    expect(await outcomes(own)).toEqual(expected)
    await mend(server)
    await until('the server to be asked', async () => (await limiter.peek('a')).decidedBy === 'store')
    const { remaining } = await limiter.consume('b')
    expect(remaining).toBe(8)
    await own.close()
  })

  it('counts on the server at most what was sent without an answer', async () => {
    await using server = await startRedis()
    const own = await atomicOn(server.url, HARD_MS)
    const options = { name: 'api', limit: 100, window: '1h', logger: silentLogger } as const
    const limiter = new RateLimiter({ atomic: own.atomic }, options)
    await limiter.consume('a')
    server.freeze()
    const during = await Promise.all(Array.from({ length: 20 }, async () => limiter.consume('a')))
    server.resume()
    await until('the server to be asked', async () => (await limiter.peek('a')).decidedBy === 'store')
    const unanswered = during.filter(({ decidedBy }) => decidedBy === 'memory').length
    const { remaining } = await limiter.peek('a')

    expect(unanswered).toBeGreaterThan(0)
    expect(remaining).toBeGreaterThanOrEqual(99 - 20)
    expect(remaining).toBeLessThanOrEqual(99 - (20 - unanswered))
    await own.close()
  })
})
