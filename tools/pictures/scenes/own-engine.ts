import { BaseCache, storeFrom, type Slot } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { milliseconds, Recorder, type Scene } from '../scene.ts'

/** Three increments over slow functions: two of one key, one of another. */
export async function ownEngine(): Promise<Scene> {
  const clock = new FakeClock()
  const run = new Recorder(clock)
  const slots = new Map<string, Slot>()
  const slowly = async (lane: string, label: string): Promise<void> => {
    const end = run.begin(lane)
    await run.wait(20)
    end(label, 'work')
  }
  class SlowCache extends BaseCache {
    constructor() {
      super(
        storeFrom(
          {
            read: async (key) => slowly(`functions of ${key}`, 'read').then(() => slots.get(key)),
            write: async (key, slot) =>
              slowly(`functions of ${key}`, 'write').then(() => void slots.set(key, slot)),
            remove: (key) => slots.delete(key),
            keys: () => slots.keys(),
          },
          { clock },
        ),
        { clock },
      )
    }
  }
  const cache = new SlowCache()
  const call = async (lane: string, key: string): Promise<void> => {
    const end = run.begin(lane)
    end(`increment: ${await cache.increment(key)}`, 'fresh')
  }
  const calls = [call('first caller of a', 'a'), call('second caller of a', 'a'), call('caller of b', 'b')]
  await clock.advance('200ms')
  await Promise.all(calls)
  await cache.close()
  return {
    title: 'Changes of one key run one after the other, those of different keys at the same time',
    lanes: ['first caller of a', 'second caller of a', 'functions of a', 'caller of b', 'functions of b'],
    end: 120,
    tick: 20,
    unit: milliseconds,
    bars: run.bars,
    marks: run.marks,
  }
}
