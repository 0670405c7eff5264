import { describe, expect, test } from 'vitest'
import { CallOrder } from '../../../src/coherence/order/call-order.ts'
import { FakeClock } from '../../../src/testing/fake-clock.ts'
import { deferred } from '../../support/deferred.ts'

/** Calls that wait until they are told their answer. */
class Calls {
  readonly made: string[] = []
  readonly #answers = new Map<string, ReturnType<typeof deferred<string>>>()

  call(name: string): () => Promise<string> {
    return async () => {
      this.made.push(name)
      const answer = deferred<string>()
      this.#answers.set(name, answer)
      return answer.promise
    }
  }

  async answer(name: string): Promise<void> {
    this.#answers.get(name)!.resolve(name)
    await new Promise(setImmediate)
  }
}

function orderOf(isOrdered: boolean): CallOrder {
  return new CallOrder({ isOrdered }, new FakeClock(), 500)
}

const late = (error: Error): never => {
  throw error
}

describe('the order of calls of a key', () => {
  test('a change waits for a read that waits for an earlier change, where answers come in any order', async () => {
    const calls = new Calls()
    const order = orderOf(false)
    const made = [
      order.change([{ key: 'a' }], calls.call('delete'), late),
      order.read(['a'], undefined, calls.call('get')),
      order.change([{ key: 'a' }], calls.call('set'), late),
    ]
    await calls.answer('delete')
    expect(calls.made).toEqual(['delete', 'get'])
    await calls.answer('get')
    expect(calls.made).toEqual(['delete', 'get', 'set'])
    await calls.answer('set')
    expect(await Promise.all(made.map(async (answer) => answer))).toEqual(['delete', 'get', 'set'])
  })

  test.each([true, false])(
    'a read without tags waits for the invalidation of a tag that an earlier change gives its key (ordered: %s)',
    async (isOrdered) => {
      const calls = new Calls()
      const order = orderOf(isOrdered)
      const generations = deferred()
      const made = [
        order.change(
          [{ key: 'a', tags: ['t'] }],
          async () => {
            order.hold(generations.promise)
            await generations.promise
            return calls.call('set')()
          },
          late,
        ),
        order.cover((_, tags) => tags.includes('t'), calls.call('tag'), late),
        order.read(['a'], undefined, calls.call('get')),
      ]
      expect(calls.made).toEqual([])
      generations.resolve()
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      if (!isOrdered) await calls.answer('set')
      expect(calls.made).toEqual(['set', 'tag'])
      await calls.answer('tag')
      expect(calls.made).toEqual(['set', 'tag', 'get'])
      await calls.answer('get')
      if (isOrdered) await calls.answer('set')
      expect(await Promise.all(made.map(async (answer) => answer))).toEqual(['set', 'tag', 'get'])
    },
  )

  test.each(['change', 'read'] as const)(
    'a %s whose turn does not come in time keeps its place only until the calls before it have passed',
    async (kind) => {
      const clock = new FakeClock()
      const calls = new Calls()
      const order = new CallOrder({ isOrdered: false }, clock, 500)
      void order.change([{ key: 'a' }], calls.call('slow'), late)
      const call = calls.call('late')
      const waiting =
        kind === 'change' ? order.change([{ key: 'a' }], call, late) : order.read(['a'], undefined, call)
      const outcome = expect(waiting).rejects.toThrow('an earlier call of the key has taken 500 ms')
      await clock.advance('501ms')
      await outcome

      void order.change([{ key: 'a' }], calls.call('next'), late)
      expect(calls.made).toEqual(['slow'])
      await calls.answer('slow')
      expect(calls.made).toEqual(['slow', 'next'])
      await calls.answer('next')
      expect(order.isIdle).toBe(true)
    },
  )
})

describe('adds of a key', () => {
  const known = { answer: 'present', tells: (answer: string) => answer !== 'unknown' }
  const key = 'a'

  function addsIn(order: CallOrder, calls: Calls) {
    return async (name: string, tags?: readonly string[]): Promise<string> =>
      order.add({ key, tags }, calls.call(name), late, known)
  }

  test('are told by one that was sent after them', async () => {
    const [calls, order] = [new Calls(), orderOf(false)]
    const add = addsIn(order, calls)
    const made = [add('first'), add('second'), add('third'), add('fourth')]
    await calls.answer('first')
    const late = [add('fifth'), add('sixth')]
    expect(calls.made).toEqual(['first', 'second'])
    await calls.answer('second')
    expect(await Promise.all(made)).toEqual(['first', 'second', 'present', 'present'])
    expect(calls.made).toEqual(['first', 'second', 'fifth'])
    await calls.answer('fifth')
    expect(await Promise.all(late)).toEqual(['fifth', 'present'])
    expect(order.isIdle).toBe(true)
  })

  test.each(['change', 'read', 'cover', 'an add with other tags'])('are not told past: %s', async (what) => {
    const [calls, order] = [new Calls(), orderOf(false)]
    const add = addsIn(order, calls)
    const between: Readonly<Record<string, () => Promise<unknown>>> = {
      change: async () => order.change([{ key }], calls.call('between'), late),
      read: async () => order.read([key], undefined, calls.call('between')),
      cover: async () => order.cover((one) => one === key, calls.call('between'), late),
      'an add with other tags': async () => add('between', ['t']),
    }
    const made = [add('first'), add('second'), between[what]!(), add('third')]
    for (const name of ['first', 'second', 'between', 'third']) await calls.answer(name)
    expect(calls.made).toEqual(['first', 'second', 'between', 'third'])
    expect(await Promise.all(made)).toEqual(calls.made)
  })

  test('ask themselves after one that tells nothing', async () => {
    const [calls, order] = [new Calls(), orderOf(false)]
    const unknown = async (): Promise<string> => 'unknown'
    const failed = async (): Promise<string> => Promise.reject(new Error('away'))
    const add = addsIn(order, calls)
    const made = [
      add('first'),
      order.add({ key }, unknown, late, known),
      order.add({ key }, failed, late, known).catch(() => 'failed'),
      add('fourth'),
      add('fifth'),
    ]
    await calls.answer('first')
    await calls.answer('fourth')
    expect(await Promise.all(made)).toEqual(['first', 'unknown', 'failed', 'fourth', 'present'])
  })
})
