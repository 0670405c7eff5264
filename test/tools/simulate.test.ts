import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

function simulate(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'tools/simulate.ts', ...args],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

describe('npm run simulate', () => {
  test('ends in a table by policy and mix, and writes the figures', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'simulate-')), 'figures.json')
    const { status, stdout } = simulate('--seeds', '3', '--mix', 'cut lines', '--json', file)
    expect(stdout).toMatch(/6 of 6 worlds, 0 violations/)
    expect(stdout).toMatch(/strict +│ cut lines +│ +3 │/)
    expect(stdout).toMatch(/available +│ cut lines +│ +3 │/)
    expect(status).toBe(0)
    const figures = JSON.parse(readFileSync(file, 'utf8')) as { seeds: number; reads: number }[]
    expect(figures.map(({ seeds }) => seeds)).toEqual([3, 3])
    expect(figures.every(({ reads }) => reads > 100)).toBe(true)
  })

  test('begins no more worlds when its time is over, and says so', () => {
    const { status, stdout } = simulate('--seeds', '10000', '--mix', 'none', '--minutes', '0.02')
    expect(stdout).toMatch(
      /^(?:\d+ of 20000 worlds, 0 violations, \d+ s\n)+\d+ worlds were left out: the 0.02 minutes/,
    )
    expect(status).toBe(0)
  })

  test('replays one world to the same history', () => {
    const args = ['--seed', '5', '--mix', 'evictions', '--policy', 'strict', '--full']
    const { status, stdout } = simulate(...args)
    expect(status).toBe(0)
    expect(stdout).toMatch(/server +evicts \w:/)
    expect(simulate(...args).stdout).toBe(stdout)
  })

  test.each([
    [['--sed', '5'], "Unknown option '--sed'"],
    [['--seeds', 'many'], "--seeds: 'many' is not a whole number from 1"],
    [['--seeds', '0'], "--seeds: '0' is not a whole number from 1"],
    [['--minutes', '0'], "--minutes: '0' is not a number of minutes above 0"],
    [['--mix', 'rain'], "--mix: 'rain' is none of none, slow lines"],
    [['--policy', 'lax'], "--policy: 'lax' is none of strict, available"],
  ])('refuses %j with the way to call it', (args, message) => {
    const { status, stderr } = simulate(...args)
    expect(stderr).toContain(message)
    expect(stderr).toContain('Usage: npm run simulate')
    expect(status).toBe(2)
  })
})
