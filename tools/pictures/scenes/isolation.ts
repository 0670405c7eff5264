import { MemoryCache, type IsolationOptions } from '../../../src/index.ts'
import { Recorder, type Scene } from '../scene.ts'
import { FakeClock } from '../../../src/testing/index.ts'

const STEPS = ['two read', 'the first changes', 'the second looks', 'a third reads']

/** Two readers of one entry, of which the first changes its object. */
export async function isolation(): Promise<Scene> {
  const clock = new FakeClock()
  const run = new Recorder(clock)
  const lanes: string[] = ['step']
  for (const step of STEPS) {
    run.mark('step', step)
    await clock.advance('1s')
  }
  for (const mode of ['clone', 'share'] as const) {
    const names = [`${mode}: first reader`, `${mode}: second reader`, `${mode}: third reader`] as const
    lanes.push(...names)
    for (const [lane, samples] of await play(mode, names)) {
      for (const [at, name] of samples) {
        const colour = name === 'Ada' ? 'fresh' : lane === names[0] ? 'work' : 'wrong'
        run.bars.push({ lane, from: at, to: at + 1000, label: name, colour })
      }
    }
  }
  return {
    title: "A reader's change is its own, unless readers share by choice",
    lanes,
    end: 4000,
    tick: 1000,
    unit: () => '',
    bars: run.bars,
    marks: run.marks,
  }
}

type Samples = readonly (readonly [at: number, name: string])[]

async function play(
  isolation: NonNullable<IsolationOptions['isolation']>,
  [first, second, third]: readonly [string, string, string],
): Promise<readonly (readonly [lane: string, samples: Samples])[]> {
  const cache = new MemoryCache<{ name: string }>({ isolation })
  await cache.set('user:7', { name: 'Ada' })
  const [one, two] = [(await cache.get('user:7'))!, (await cache.get('user:7'))!]
  const before = [one.name, two.name]
  one.name = 'changed'
  const three = (await cache.get('user:7'))!
  await cache.close()
  return [
    [
      first,
      [
        [0, before[0]!],
        [1000, one.name],
        [2000, one.name],
        [3000, one.name],
      ],
    ],
    [
      second,
      [
        [0, before[1]!],
        [1000, two.name],
        [2000, two.name],
        [3000, two.name],
      ],
    ],
    [third, [[3000, three.name]]],
  ]
}
