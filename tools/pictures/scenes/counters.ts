import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { Recorder, seconds, type Scene } from '../scene.ts'

const END_MS = 32_000
const STEP_MS = 500
const LANES = ['increment, ttl 10 s', 'by hand, a ttl each time'] as const

/** A count of visits every three seconds, by one step of the store and by hand. */
export async function counters(): Promise<Scene> {
  const clock = new FakeClock()
  const cache = new MemoryCache<number>({ clock })
  const run = new Recorder(clock)
  for (; clock.now() < END_MS; await clock.advance({ milliseconds: STEP_MS })) {
    if (clock.now() % 3000 === 0) {
      run.mark('a visit', '')
      await cache.increment('window', 1, '10s')
      await cache.set('by hand', ((await cache.get('by hand')) ?? 0) + 1, '10s')
    }
    for (const [lane, key] of [
      [LANES[0], 'window'],
      [LANES[1], 'by hand'],
    ] as const) {
      const count = await cache.get(key)
      const colour = key === 'window' ? 'fresh' : 'wrong'
      if (count !== undefined) run.sample(lane, String(count), colour, STEP_MS)
    }
  }
  await cache.close()
  return {
    title: 'The window of a counter is never prolonged',
    lanes: ['a visit', ...LANES],
    end: END_MS,
    tick: 5000,
    unit: seconds,
    bars: run.bars,
    marks: run.marks,
  }
}
