import { MemoryCache } from '../../../src/index.ts'
import { Lock, LockBusyError } from '../../../src/lock/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { Recorder, seconds, type Scene } from '../scene.ts'

const CALLERS = [
  { name: 'A', atMs: 500, workMs: 4000, waitMs: 10_000 },
  { name: 'B', atMs: 1000, workMs: 3000, waitMs: 10_000 },
  { name: 'C, waits 3 s at most', atMs: 2000, workMs: 1000, waitMs: 3000 },
  { name: 'D', atMs: 3000, workMs: 2500, waitMs: 10_000 },
] as const

/** Callers of one lock: they hold it in their order, and one gives up. */
export async function locks(): Promise<Scene> {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock })
  const run = new Recorder(clock)
  let lastFence = 0
  const call = async ({ name, workMs, waitMs }: (typeof CALLERS)[number]): Promise<void> => {
    const waited = run.begin(name)
    try {
      await using held = await new Lock(cache, 'invoice:7', { ttl: '2s' }).acquire({
        wait: { milliseconds: waitMs },
      })
      waited('', 'wait')
      const worked = run.begin(name)
      await run.wait(workMs)
      worked(held.fence > lastFence ? 'a higher fence' : 'the same fence', 'work')
      lastFence = held.fence
    } catch (error) {
      if (!(error instanceof LockBusyError)) throw error
      waited('LockBusyError', 'wrong')
    }
  }
  const calls: Promise<void>[] = []
  for (; clock.now() < 12_000; await clock.advance({ milliseconds: 500 }))
    for (const caller of CALLERS) if (caller.atMs === clock.now()) calls.push(call(caller))
  await Promise.all(calls)
  await cache.close()
  return {
    title: 'Four callers of one lock, whose ttl of 2 s is renewed while its holder works',
    lanes: CALLERS.map(({ name }) => name),
    end: 12_000,
    tick: 2000,
    unit: seconds,
    bars: run.bars.filter(({ from, to }) => to > from),
    marks: run.marks,
  }
}
