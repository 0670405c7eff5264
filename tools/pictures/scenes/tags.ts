import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { milliseconds, Recorder, type Scene } from '../scene.ts'

/** An invalidation of a tag: entries that bear it, one that does not, and a load that is under way. */
export async function tags(): Promise<Scene> {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock })
  const run = new Recorder(clock)
  await cache.set('page:1', 1, { tags: ['user:7'] })
  await cache.set('page:2', 2, { tags: ['user:7', 'home'] })
  await cache.set('page:3', 3, { tags: ['user:8'] })
  const load = async (): Promise<void> => {
    const end = run.begin('load of page:4 (user:7)')
    await cache.getOrSet('page:4', async () => run.wait(40).then(() => 4), { tags: ['user:7'] })
    end((await cache.has('page:4')) ? 'stored' : 'answered, not stored', 'work')
  }
  const loads: Promise<void>[] = []
  for (; clock.now() < 120; await clock.advance({ milliseconds: 1 })) {
    if (clock.now() === 20 || clock.now() === 70) loads.push(load())
    if (clock.now() === 40) {
      await cache.invalidateTag('user:7')
      run.mark('invalidateTag', 'user:7')
    }
    for (const [key, names] of [
      ['page:1', 'user:7'],
      ['page:2', 'user:7, home'],
      ['page:3', 'user:8'],
      ['page:4', 'user:7'],
    ] as const)
      if (await cache.has(key)) run.sample(`${key} (${names})`, 'visible', 'fresh', 1)
  }
  await Promise.all(loads)
  await cache.close()
  return {
    title: 'One invalidation ends every entry with the tag, and the right to store of a load under way',
    lanes: [
      'invalidateTag',
      'page:1 (user:7)',
      'page:2 (user:7, home)',
      'page:3 (user:8)',
      'load of page:4 (user:7)',
      'page:4 (user:7)',
    ],
    end: 120,
    tick: 20,
    unit: milliseconds,
    bars: run.bars,
    marks: run.marks,
  }
}
