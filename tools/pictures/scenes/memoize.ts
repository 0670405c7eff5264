import { MemoryCache } from '../../../src/index.ts'
import { FakeClock } from '../../../src/testing/index.ts'
import { milliseconds, Recorder, type Scene } from '../scene.ts'

const argumentsOf = (id: number, full: boolean): string => (full ? `(${id}, full)` : `(${id})`)

/** Calls of a wrapped function, and the calls of the function itself. */
export async function memoized(): Promise<Scene> {
  const clock = new FakeClock()
  const cache = new MemoryCache({ clock })
  const run = new Recorder(clock)
  const find = cache.wrap(
    async (id: number, { full }: { full: boolean }) => {
      const end = run.begin('the function itself')
      await run.wait(30)
      end(argumentsOf(id, full), 'work')
      return { id, full }
    },
    { name: 'find', ttl: '1m' },
  )
  const call = async (lane: string, id: number, full: boolean): Promise<void> => {
    const end = run.begin(lane)
    await find(id, { full })
    end(`find${argumentsOf(id, full)}`, 'fresh')
  }
  const calls: Promise<void>[] = []
  for (; clock.now() < 160; await clock.advance({ milliseconds: 1 })) {
    if (clock.now() === 5) calls.push(call('first caller', 7, true))
    if (clock.now() === 15) calls.push(call('second caller', 7, true))
    if (clock.now() === 60) calls.push(call('second caller', 7, false))
    if (clock.now() === 110) calls.push(call('first caller', 7, true))
    if (clock.now() === 120) {
      await find.invalidate(7, { full: true })
      run.mark('find.invalidate', argumentsOf(7, true))
    }
    if (clock.now() === 125) calls.push(call('second caller', 7, true))
  }
  await Promise.all(calls)
  await cache.close()
  return {
    title: 'Calls with equal arguments share an entry',
    lanes: ['first caller', 'second caller', 'find.invalidate', 'the function itself'],
    end: 160,
    tick: 20,
    unit: milliseconds,
    bars: run.bars,
    marks: run.marks,
  }
}
