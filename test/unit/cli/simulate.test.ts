// `cachette simulate` plays recorded traces.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTrace, simulate } from 'cachette/analysis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chartOf } from '../../../src/cli/chart.ts'
import { cachette } from './cli.ts'

const TRACE = join(import.meta.dirname, '../../../examples/city-guide.trace')
const header = (more: object) =>
  `${JSON.stringify({ format: 'cachette-trace', version: 1, cache: 'a<b', share: 1, startedAt: 0, ...more })}\n`

describe('cachette simulate', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cachette-simulate-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
  })

  async function written(name: string, content: string | Uint8Array): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, content)
    return file
  }

  it('prints what simulate() answers, for each size and policy', async () => {
    const [{ results, ...trace }] = (
      await cachette(['simulate', TRACE, '--sizes', '25,100', '--json'])
    ).json() as [{ readonly results: unknown }]
    expect(results).toEqual(simulate(await readTrace(TRACE), [25, 100]))
    expect(trace).toEqual({ cache: 'city guide', records: 5767, share: 1, maxEntries: 10_000 })
  })

  it('prints lines with tabs in a pipe', async () => {
    expect(await cachette(['simulate', TRACE, '--sizes', '100'])).toEqual(
      expect.objectContaining({
        exit: 0,
        out: '100\tCachette\t96.5 %\t197\t13 s\n100\tLRU\t96.4 %\t200\t19 s\n',
        err: '5767 records of city guide, with room for 10000 entries.\n',
      }),
    )
  })

  it('plays sizes up to the number of keys, if the recorded cache had room for all', async () => {
    const sizes = (out: string) => [...new Set(out.split('\n').map((line) => Number(line.split('\t')[0])))]
    const { out } = await cachette(['simulate', TRACE])
    expect(sizes(out.trim())).toEqual([4, 9, 18, 36, 72, 143])
    const whole = await readFile(TRACE)
    const records = whole.subarray(whole.indexOf('\n') + 1)
    const small = await written(
      'small.trace',
      Buffer.concat([Buffer.from(header({ maxEntries: 40 })), records]),
    )
    expect(sizes((await cachette(['simulate', small])).out.trim())).toEqual([10, 20, 40, 80, 160, 320])
  })

  it('draws a picture', async () => {
    const file = join(folder, 'picture.svg')
    const { exit, err } = await cachette(['simulate', TRACE, '--svg', file])
    expect(exit).toBe(0)
    expect(err).toContain(`The picture is in ${file}.\n`)
    const picture = await readFile(file, 'utf8')
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/)
    expect(picture.match(/<polyline /g)).toHaveLength(2)
    expect(picture.match(/<circle /g)).toHaveLength(12)
    expect(picture).toContain('>city guide: hit ratio by size<')
  })

  it('draws one size, and names of caches as text', () => {
    const picture = chartOf('<script>&', [{ label: 'LRU', points: [[10, 0]] }])
    expect(picture).toContain('&lt;script&gt;&amp;')
    expect(picture).not.toContain('NaN')
  })

  it('ends with 1 if there are no reads', async () => {
    const empty = await written('empty.trace', header({}))
    expect(await cachette(['simulate', empty])).toMatchObject({
      exit: 1,
      err: '0 records of a<b, without a bound.\nThere are no reads in this trace.\n',
    })
  })

  it.each([
    ['none.trace', undefined, /^cachette: the file '.*none\.trace' can't be read: ENOENT\n$/],
    ['words.trace', 'words', /^cachette: this is not a trace of recordAccesses\n$/],
    [
      'damaged.trace',
      `${header({})}\u0000\u0001abcd\u0001`,
      /^cachette: the record at byte \d+ is damaged\n$/,
    ],
  ])('refuses %s', async (name, content, line) => {
    const file = content === undefined ? join(folder, name) : await written(name, content)
    const { exit, out, err } = await cachette(['simulate', file])
    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).toMatch(line)
  })

  it.each(['0', '1,x', '1.5', '', '10,,20'])('refuses the sizes %j', async (sizes) => {
    const { exit, err } = await cachette(['simulate', TRACE, '--sizes', sizes])
    expect(exit).toBe(2)
    expect(err).toMatch(/^cachette: option '-s, --sizes <numbers>' .* Whole numbers from 1 .*\n$/)
  })

  it('tells that a picture can not be written', async () => {
    const { exit, err } = await cachette(['simulate', TRACE, '--svg', join(folder, 'no/such.svg')])
    expect(exit).toBe(2)
    expect(err).toMatch(/\ncachette: --svg: the file '.*such\.svg' can't be written: ENOENT\n$/)
  })
})
