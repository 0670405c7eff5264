import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LimitAlgorithm, LimitRule } from '../../../src/core/atomic-store.ts'
import { ModelKey } from '../../unit/ratelimit/models.ts'
import { Peer } from '../../support/peer.ts'
import { describeWithServers, startRedis, type RedisServer } from '../servers/index.ts'
import type * as crowd from './crowd.ts'

// `npm run faults:limits` takes 30 seconds for each algorithm.
const SECONDS = Number(process.env['CACHETTE_LIMIT_SECONDS'] ?? 2)
const LIMIT = 2000
const WINDOW_MS = 1000
const IN_FLIGHT = 200

describeWithServers(`two processes, ${IN_FLIGHT} in flight each, ${SECONDS} s`, () => {
  let server: RedisServer
  let peers: Peer<typeof crowd>[]
  beforeAll(async () => {
    server = await startRedis()
    peers = [0, 1].map(() => new Peer<typeof crowd>(new URL('crowd.ts', import.meta.url)))
    await Promise.all(peers.map(async (peer) => peer.call.connect(server.url)))
  })
  afterAll(async () => {
    expect(await Promise.all(peers.map(async (peer) => peer.end()))).toEqual([0, 0])
    await server.close()
  })

  it.each<[LimitAlgorithm]>([['fixed-window'], ['sliding-window'], ['gcra']])(
    'are admitted what the model admits that is fed the times of the server: %s',
    async (algorithm) => {
      const crowds = await Promise.all(
        peers.map(async (peer) =>
          peer.call.press({ algorithm, limit: LIMIT, window: WINDOW_MS / 1000 }, IN_FLIGHT, SECONDS),
        ),
      )
      const byTime = new Map<number, { asked: number; admitted: number }>()
      for (const [atMs, asked, admitted] of crowds.flat()) {
        const sum = byTime.get(atMs) ?? { asked: 0, admitted: 0 }
        byTime.set(atMs, { asked: sum.asked + asked, admitted: sum.admitted + admitted })
      }
      const times = [...byTime].toSorted(([a], [b]) => a - b)

      const rule: LimitRule = { algorithm, limit: LIMIT, windowMs: WINDOW_MS, burst: LIMIT }
      const model = new ModelKey([rule])
      let [asked, admitted, modelled] = [0, 0, 0]
      for (const [atMs, sum] of times) {
        let wouldBe = 0
        while (wouldBe < sum.asked && model.ask('consume', atMs, 1).allowed) wouldBe++
        // The comparison is by millisecond, not only in sum.
        expect([atMs, sum.admitted]).toEqual([atMs, wouldBe])
        asked += sum.asked
        admitted += sum.admitted
        modelled += wouldBe
      }
      console.log(
        `${algorithm}: asked ${asked}, admitted ${admitted}, model ${modelled}, offered ${(asked / admitted).toFixed(1)} times what was admitted`,
      )
      expect(admitted).toBeGreaterThanOrEqual(LIMIT)
      expect(most(times.map(([atMs, sum]) => [atMs, sum.admitted]))).toBeLessThanOrEqual(
        // The definition of each algorithm is in docs/rate-limits.md.
        algorithm === 'sliding-window' ? LIMIT : 2 * LIMIT,
      )
    },
    120_000,
  )
})

/** Returns the most that was admitted in any window. */
function most(times: readonly (readonly [number, number])[]): number {
  let [sum, first, found] = [0, 0, 0]
  for (const [atMs, admitted] of times) {
    sum += admitted
    while (times[first]![0] <= atMs - WINDOW_MS) sum -= times[first++]![1]
    found = Math.max(found, sum)
  }
  return found
}
