import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { milliseconds, Recorder, type Scene } from '../scene.ts'

const QUERY_MS = 60

/** A load that a write overtakes. */
export async function loading(): Promise<Scene> {
  const clock = new FakeClock()
  const cache = new MemoryCache<string>({ clock })
  const run = new Recorder(clock)
  let row = 'Ada'
  const read = async (lane: string): Promise<void> => {
    const end = run.begin(lane)
    const name = await cache.getOrSet('user:7', async () => {
      const found = row
      await run.wait(QUERY_MS)
      return found
    })
    end(`gets ${name}`, name === row ? 'work' : 'stale')
  }
  const calls: Promise<void>[] = []
  for (; clock.now() < 140; await clock.advance({ milliseconds: 1 })) {
    if (clock.now() === 5) calls.push(read('asks before the write'))
    if (clock.now() === 15) calls.push(read('joins that load'))
    if (clock.now() === 30) {
      row = 'Grace'
      await cache.delete('user:7')
      run.mark('writer', 'commits Grace, deletes the key')
    }
    if (clock.now() === 40) calls.push(read('asks after the write'))
    if (clock.now() === 110) calls.push(read('asks later'))
    const stored = await cache.get('user:7')
    if (typeof stored === 'string') run.sample('the cache has', stored, 'fresh', 1)
  }
  await Promise.all(calls)
  await cache.close()
  return {
    title: 'A load that a write overtakes stores nothing',
    lanes: [
      'writer',
      'asks before the write',
      'joins that load',
      'asks after the write',
      'asks later',
      'the cache has',
    ],
    end: 140,
    tick: 20,
    unit: milliseconds,
    bars: run.bars,
    marks: run.marks,
  }
}
