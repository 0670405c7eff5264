import { describe, expect, it } from 'vitest'
import { describeWithServers, startRedis } from '../servers/index.ts'
import { judge } from './judge.ts'
import { INVALIDATIONS } from './race.ts'
import { runRace } from './run.ts'

describe('the judge of a race', () => {
  const acknowledged = [
    { key: 0, version: 2, atMs: 10, node: 0 },
    { key: 0, version: 3, atMs: 20, node: 1 },
    { key: 1, version: 9, atMs: 5, node: 0 },
  ]
  const read = (
    node: number,
    ...rows: readonly (readonly [key: number, version: number, startedAtMs: number])[]
  ) => ({
    node,
    keys: Uint8Array.from(rows.map(([key]) => key)),
    versions: Uint32Array.from(rows.map(([, version]) => version)),
    startedAtMs: Float64Array.from(rows.map(([, , at]) => at)),
  })

  it('forgives what began before the acknowledgement', () => {
    const reads = read(0, [0, 1, 9], [0, 2, 19], [0, 3, 21], [0, 4, 30], [1, 1, 4])
    expect(judge(acknowledged, [reads])).toMatchObject({ reads: 5, stale: 0, worstMs: 0 })
  })

  it('counts what is older, where, and by how much', () => {
    const reads = [read(0, [0, 1, 15], [0, 2, 23]), read(1, [0, 1, 12], [1, 9, 30])]
    expect(judge(acknowledged, reads)).toMatchObject({ reads: 4, stale: 3, staleOnOwnNode: 1, worstMs: 5 })
  })
})

describeWithServers('races', () => {
  it.each(INVALIDATIONS)(
    'serves nothing stale when loads meet an invalidation by %s',
    async (invalidation) => {
      await using server = await startRedis()
      const seed = 1
      const settings = {
        invalidation,
        omission: 'none',
        client: 'node-redis 6',
        url: server.url,
        durationMs: 2000,
        seed,
      } as const
      // The knowledge of tags follows the server. All other calls ask it.
      const follows = invalidation === 'tag' || invalidation === 'namespace'
      for (const sharesLoads of [false, true]) {
        const { stale, worstMs } = await runRace({ ...settings, engine: 'redis', sharesLoads })
        expect(follows ? 0 : stale).toBe(0)
        expect(worstMs).toBeLessThan(3000)
      }
      const { staleOnOwnNode, worstMs } = await runRace({ ...settings, engine: 'tiered', sharesLoads: true })
      expect(staleOnOwnNode).toBe(0)
      expect(worstMs).toBeLessThan(3000)
    },
  )
})
