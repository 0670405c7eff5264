import { silentLogger, TieredCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { InstantFleet } from '../../../simulator/world/instant-fleet.ts'
import { Recorder, seconds, type Scene } from '../scene.ts'

const STEP_MS = 20
const END_MS = 6000

/** A change by one process, as two others learn of it: by a message, and by the heartbeat if the message is lost. */
export async function tiers(): Promise<Scene> {
  const clock = new FakeClock()
  const fleet = new InstantFleet(clock)
  const run = new Recorder(clock)
  const node = (hears: boolean): TieredCache =>
    new TieredCache({
      clock,
      logger: silentLogger,
      random: () => 0.5,
      l1: {},
      l2: fleet.sharedCache({ clock, logger: silentLogger }),
      bus: hears ? fleet.bus : { subscribe: () => () => undefined },
    })
  const [writer, hears, misses] = [node(true), node(true), node(false)]
  const readers = { 'hears the message': hears, 'the message is lost': misses }
  await clock.advance('10ms')
  await writer.set('price', '3 euro', '1h')
  await clock.advance({ milliseconds: 990 })
  const beganMs = clock.now()
  for (; clock.now() < beganMs + END_MS; await clock.advance({ milliseconds: STEP_MS })) {
    if (clock.now() - beganMs === 2100) {
      await writer.set('price', '4 euro', '1h')
      run.mark('the process that writes', 'sets 4 euro')
    }
    for (const [lane, cache] of Object.entries(readers)) {
      const price = String(await cache.get('price'))
      const isOld = clock.now() - beganMs >= 2100 && price !== '4 euro'
      run.sample(lane, isOld ? '' : price, isOld ? 'stale' : 'fresh', STEP_MS)
    }
  }
  for (const cache of [writer, hears, misses]) await cache.close()
  return {
    title: 'Three processes in two tiers: a change reaches the others by its message, else by the heartbeat',
    lanes: ['the process that writes', ...Object.keys(readers)],
    end: END_MS,
    tick: 1000,
    unit: seconds,
    bars: run.bars.map((bar) => ({ ...bar, from: bar.from - beganMs, to: bar.to - beganMs })),
    marks: run.marks.map((mark) => ({ ...mark, at: mark.at - beganMs })),
  }
}
