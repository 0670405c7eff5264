import { expect } from 'vitest'
import { history } from '../history.ts'
import { replaced } from '../../simulation/ablations/switches.ts'
import { HEARTBEAT_MS, type Player, type Stage } from '../stage.ts'
import { Trail } from '../../../src/coherence/trail.ts'
import type { Keyspace } from '../../../src/testing/simulation/keyspace.ts'

// A replica that lags takes over, and after it one that had everything of the first server: what the node invalidated
// in between was logged under a counter that it had applied already, of a log that is to the letter the one it knows.
async function between(
  stage: Stage,
  change: (one: Player, lagging: Keyspace) => Promise<void>,
): Promise<readonly number[]> {
  const [one] = stage.players
  for (const key of ['a', 'x', 'y']) {
    stage.commit(key)
    await stage.readAll(key)
  }
  await stage.pass(HEARTBEAT_MS)
  const lagging = stage.replica()
  await change(one, lagging)
  await stage.pass(3 * HEARTBEAT_MS)
  return stage.readAll('a')
}

history(
  'an invalidation between two promotions is replayed, though its counter had been applied before',
  { without: ['C9, shorter logs'] },
  async (stage) => {
    const read = await between(stage, async (one, lagging) => {
      for (const key of ['x', 'y']) await stage.change(one, key)
      await stage.pass(10)
      const complete = stage.replica()
      stage.takeOver(lagging)
      const question = one.network.hold('request', 'sync')
      stage.reconnect(one)
      await stage.change(one, 'a')
      question.lose()
      stage.takeOver(complete)
      stage.reconnectAll()
    })
    expect(read).toEqual([2, 2])
  },
)

history(
  'an invalidation between two promotions is replayed, though late messages reach its counter before its answer does',
  { without: ['C9, shorter logs'] },
  async (stage) => {
    const read = await between(stage, async (one, lagging) => {
      const [, two] = stage.players
      const late = one.network.hold('message')
      for (const key of ['x', 'y']) await stage.change(two, key)
      await stage.pass(10)
      const complete = stage.replica()
      stage.takeOver(lagging)
      const question = one.network.hold('request', 'sync')
      stage.reconnect(one, false)
      const answer = one.network.hold('reply', 'delete a')
      stage.commit('a')
      const changed = one.cache.delete('a')
      await stage.when(() => answer.count === 1)
      late.letGo()
      await stage.pass(5)
      answer.letGo()
      await stage.until(changed)
      question.lose()
      stage.takeOver(complete)
      stage.reconnectAll()
    })
    expect(read).toEqual([2, 2])
  },
)

history(
  'an invalidation between two promotions is replayed, by a node that began to follow where the log was longer',
  {
    without: [
      'C9, shorter logs',
      {
        rule: 'counters below those that were applied',
        patch: replaced(
          Trail,
          'contradicts',
          (contradicts) =>
            function byStamp(this: Trail, head) {
              return contradicts.call(this, head, -Infinity)
            },
        ),
      },
    ],
  },
  async (stage) => {
    const read = await between(stage, async (_, lagging) => {
      const [, two] = stage.players
      for (const key of ['x', 'y']) await stage.change(two, key)
      const late = stage.join()
      await stage.pass(HEARTBEAT_MS)
      const complete = stage.replica()
      stage.takeOver(lagging)
      const question = late.network.hold('request', 'sync')
      stage.reconnect(late)
      await stage.change(late, 'a')
      question.lose()
      stage.takeOver(complete)
      stage.reconnectAll()
    })
    expect(read).toEqual([2, 2, 2])
  },
)
