import { MemoryCache } from '../../../src/index.ts'
import { RateLimiter } from '../../../src/ratelimit/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { Recorder, seconds, type Scene } from '../scene.ts'

const ALGORITHMS = ['gcra', 'sliding-window', 'fixed-window'] as const
const STEP_MS = 250

/** The same requests under each algorithm: a rest, then four a second. */
export async function rateLimits(): Promise<Scene> {
  const clock = new FakeClock()
  const run = new Recorder(clock)
  const limiters = ALGORITHMS.map(
    (algorithm) =>
      new RateLimiter(new MemoryCache({ clock }), { name: algorithm, limit: 10, window: '10s', algorithm }),
  )
  const passed = ALGORITHMS.map(() => 0)
  for (; clock.now() < 24_000; await clock.advance({ milliseconds: STEP_MS })) {
    const now = clock.now()
    const isAsked = now === 0 || (now >= 8000 && now < 22_000)
    if (!isAsked) continue
    for (const [index, limiter] of limiters.entries()) {
      const { allowed } = await limiter.consume('user:7')
      if (allowed) passed[index]! += 1
      const colour = allowed ? 'fresh' : 'wrong'
      run.bars.push({ lane: ALGORITHMS[index]!, from: now, to: now + STEP_MS - 60, colour, label: '' })
    }
  }
  const names = ALGORITHMS.map((algorithm, index) => `${algorithm}: ${passed[index]} pass`)
  return {
    title:
      '10 in 10 s: four requests a second from second 8 to 22, after one at 0; green pass, red are refused',
    lanes: names,
    end: 24_000,
    tick: 2000,
    unit: seconds,
    bars: run.bars.map((bar) => ({ ...bar, lane: names[ALGORITHMS.indexOf(bar.lane as 'gcra')]! })),
    marks: [],
  }
}
