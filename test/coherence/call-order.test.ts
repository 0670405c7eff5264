import { describe, expect, test } from 'vitest'
import { CallOrder } from '../../src/coherence/order/call-order.ts'
import { FakeClock } from '../../src/testing/fake-clock.ts'
import { deferred } from '../support/deferred.ts'

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
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
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
