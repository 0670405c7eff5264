import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { Recorder, seconds, type Scene } from '../scene.ts'

const STEP_MS = 500
const END_MS = 38_000

/** An entry from its set to its end, as the methods see it. */
export async function contract(): Promise<Scene> {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock, ttl: '10s', grace: '8s' })
  const run = new Recorder(clock)
  for (; clock.now() < END_MS; await clock.advance({ milliseconds: STEP_MS })) {
    if (clock.now() === 1000) {
      await cache.set('key', 'value')
      run.mark('set', 'ttl 10 s, grace 8 s')
    }
    if (clock.now() === 24_000) {
      await cache.set('key', 'value')
      await cache.expire('key', '3s')
      run.mark('set', 'expire in 3 s')
    }
    if ((await cache.get('key')) !== undefined) run.sample('get', 'a value', 'fresh', STEP_MS)
    const ttl = await cache.ttl('key')
    if ((await cache.get('key', { stale: true })) !== undefined)
      run.sample(
        'get, stale: true',
        ttl === undefined ? 'a stale value' : 'a value',
        ttl === undefined ? 'stale' : 'fresh',
        STEP_MS,
      )
    if (await cache.has('key')) run.sample('has', 'true', 'fresh', STEP_MS)
  }
  await cache.close()
  return {
    title: 'The life of an entry',
    lanes: ['set', 'get', 'get, stale: true', 'has'],
    end: END_MS,
    tick: 4000,
    unit: seconds,
    bars: run.bars,
    marks: run.marks,
  }
}
