import { describe, expect, test } from 'vitest'
import {
  FAULT_MIXES,
  timeline,
  World,
  type WorldOptions,
  type WorldReport,
} from '../../../simulator/index.ts'
import { LEASES } from './ablations/leases.ts'
import { runWithout } from './ablations/index.ts'

async function run(mix: string, options: Partial<WorldOptions> = {}): Promise<WorldReport> {
  return new World({
    seed: 7,
    faults: FAULT_MIXES[mix]!,
    policy: 'available',
    recording: true,
    ...options,
  }).run()
}

describe('a simulated world', () => {
  test.each(Object.keys(FAULT_MIXES))(
    'has the same history under the same seed, to the letter: %s',
    async (mix) => {
      const once = await run(mix)
      expect(once.happenings.length).toBeGreaterThan(100)
      expect(await run(mix)).toEqual(once)
    },
  )

  test('has another history under another seed', async () => {
    const other = await run('everything', { seed: 8 })
    expect((await run('everything')).happenings).not.toEqual(other.happenings)
  })

  test('has the same history whatever the wall clocks of its hosts show', async () => {
    const jumping = await run('everything', { wallClocks: 'jump' })
    expect(await run('everything', { wallClocks: 'steady' })).toEqual(jumping)
  })

  test('injects what its mix says', async () => {
    const faults = {
      ...FAULT_MIXES['everything']!,
      outagesPerSecond: 2,
      deathsPerSecond: 2,
      stopsPerSecond: 2,
    }
    const { happenings } = await run('everything', { faults })
    for (const what of ['lost: message', 'lost: ', 'evicts', 'is out of reach', 'dies', 'is stopped']) {
      expect(
        happenings.some((happening) => happening.what.includes(what)),
        what,
      ).toBe(true)
    }
  })
})

describe('a timeline', () => {
  test('shows what happened around a violation, and what it left out', async () => {
    const [lease] = LEASES
    const recorded = { ...lease!, world: { ...lease!.world, recording: true } }
    const isWrong = ({ violations }: WorldReport): boolean => violations.length > 0
    const report = (await runWithout(recorded, 20, isWrong)).at(-1)
    const lines = timeline(report!, { beforeMs: 20 })
    expect(lines).toMatch(/^ +\.\.\. \d+ lines$/m)
    expect(lines).toMatch(/^ +\d+\.\d\d {2}!!! +I\d+: n\d (?:read|lets) version \d+/m)
    expect(lines).toMatch(/^ +\d+\.\d\d {2}n\d +read (?:0:)?[a-l]\d = \d+/m)
    expect(lines.length).toBeLessThan(timeline(report!, { full: true }).length)
  })

  test('shows nothing of a world without violations, unless asked for all', async () => {
    const report = await run('none')
    expect(timeline(report)).toMatch(/^ +\.\.\. \d+ lines$/)
    expect(timeline(report, { full: true }).split('\n')).toHaveLength(report.happenings.length)
  })
})
