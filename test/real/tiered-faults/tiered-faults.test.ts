import { describe, expect, it } from 'vitest'
import { describeWithServers } from '../servers/index.ts'
import { FAULTS } from './faults.ts'
import { judge } from './judge.ts'
import { playFault } from './run.ts'
import { FAST_PACE, KINDS, type Invalidation, type NodeHistory } from './scheme.ts'

const KEY = KINDS.indexOf('key')
const TAG = KINDS.indexOf('tag')
const BOUND_MS = 100

type Read = readonly [row: number, version: number, startedAtMs: number, vouched?: number]

function history(
  node: number,
  invalidations: readonly Omit<Invalidation, 'node'>[],
  reads: readonly Read[],
): NodeHistory {
  return {
    node,
    invalidations: invalidations.map((one) => ({ ...one, node })),
    reads: {
      rows: Uint8Array.from(reads.map(([row]) => row)),
      versions: Uint32Array.from(reads.map(([, version]) => version)),
      startedAtMs: Float64Array.from(reads.map(([, , at]) => at)),
      vouched: Uint32Array.from(reads.map(([, , , vouched]) => vouched ?? 0)),
    },
    rejections: [],
  }
}

describe('the judge of faults', () => {
  const writer = history(
    0,
    [
      { row: KEY, version: 2, atMs: 1000, isAcknowledged: true },
      { row: TAG, version: 2, atMs: 1000, isAcknowledged: true },
      { row: KEY, version: 3, atMs: 2000, isAcknowledged: false },
    ],
    [],
  )

  it('forgives what is within the bound, and what was never acknowledged', () => {
    const reads = history(
      1,
      [],
      [
        [KEY, 1, 999],
        [KEY, 1, 1100],
        [KEY, 2, 5000],
        [TAG, 1, 1100],
      ],
    )
    expect(judge([writer, reads], BOUND_MS, undefined)).toMatchObject({
      reads: 4,
      acknowledged: 2,
      worstMs: 100,
      violations: {},
    })
  })

  it('counts what is beyond it, by what was broken', () => {
    const reads = history(
      1,
      [],
      [
        [KEY, 1, 1101],
        [TAG, 1, 1200],
        [KEY, 2, 1500, 3],
      ],
    )
    const { violations, worstMs } = judge([writer, reads], BOUND_MS, undefined)
    expect(violations).toEqual({ I2: 1, I9: 1, I4: 1 })
    expect(worstMs).toBe(200)
  })

  it('forgives the node that invalidated nothing, its outbox included', () => {
    const own = history(0, writer.invalidations, [
      [KEY, 1, 1001],
      [KEY, 2, 2001],
    ])
    expect(judge([own], BOUND_MS, undefined).violations).toEqual({ I3: 2 })
  })

  it('forgives a server that has lost something until it is found', () => {
    const reads = history(
      1,
      [],
      [
        [KEY, 1, 1500],
        [KEY, 1, 1700],
      ],
    )
    const blind = { fromMs: 1400, untilMs: 1600 }
    const { violations, worstMs, worstInSightMs } = judge([writer, reads], BOUND_MS, blind)
    expect({ violations, worstMs, worstInSightMs }).toEqual({
      violations: { I2: 1 },
      worstMs: 700,
      worstInSightMs: 700,
    })
    expect(judge([writer, reads], BOUND_MS, { ...blind, untilMs: 1701 }).violations).toEqual({})
  })
})

const QUICK = ['bus connections killed', 'frozen', 'restarted from a snapshot of 3 s before']

describeWithServers('faults in two tiers', () => {
  it.each(FAULTS.filter(({ name }) => QUICK.includes(name)))('keep every invariant: $name', async (fault) => {
    const timing = { pace: FAST_PACE, beforeMs: 400, faultMs: 1500 }
    const { reads, acknowledged, violations, rejections, convergedMs } = await playFault(
      fault,
      'strict',
      timing,
      QUICK.indexOf(fault.name),
      1,
    )
    expect(violations).toEqual({})
    expect(rejections).toEqual([])
    expect(reads).toBeGreaterThan(0)
    expect(acknowledged).toBeGreaterThan(0)
    expect(convergedMs).toBeLessThan(Infinity)
  })
})
