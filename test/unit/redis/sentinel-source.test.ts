// node-redis loses sight of a socket that opens after the end of its client.
import { expect, it } from 'vitest'
import { FakeClock } from 'cachette/testing'
import {
  NodeRedisSentinelSource,
  type NodeRedisSentinel,
} from '../../../src/redis/libraries/node-redis/sentinel-source.ts'
import { nodeRedisRules } from '../../../src/redis/libraries/node-redis/source.ts'

class Unreachable implements NodeRedisSentinel {
  readonly on = (): void => undefined
  readonly off = (): void => undefined
  readonly listenerCount = (): number => 0
  readonly isOpen = true
  readonly connect = async (): Promise<void> => undefined
  readonly destroy = (): void => undefined
  readonly _execute = async (): Promise<never> => Promise.reject(new Error('there is no master'))
}

it('connections of a sentinel client give up once it is replaced or closed', async () => {
  const clock = new FakeClock()
  const ends: (() => boolean)[] = []
  const make = (isOver: () => boolean): NodeRedisSentinel => {
    ends.push(isOver)
    return new Unreachable()
  }
  const source = new NodeRedisSentinelSource(make, () => 0.5, clock)
  source.line()
  expect(ends.map((isOver) => isOver())).toEqual([false])

  // After two seconds in vain the client is made anew.
  await clock.advance('2s')
  expect(ends.map((isOver) => isOver())).toEqual([true, false])

  source.close()
  expect(ends.map((isOver) => isOver())).toEqual([true, true])
})

it('a connection that gives up is not tried again', () => {
  let isOver = false
  const { socket } = nodeRedisRules(
    {},
    () => 0.5,
    () => isOver,
  ) as { socket: { reconnectStrategy(retries: number): unknown } }
  expect(socket.reconnectStrategy(0)).toBeGreaterThan(0)

  isOver = true
  expect(socket.reconnectStrategy(0)).toBe(false)
})
