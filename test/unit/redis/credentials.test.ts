// A function that tells the login, and does not always answer.
import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import { askAtEachConnection, type Login } from '../../../src/redis/connection/credentials.ts'
import type { Ioredis } from '../../../src/redis/libraries/ioredis/line.ts'
import { deferred } from '../../support/deferred.ts'

function fakeClient(status: string) {
  const events = new EventEmitter()
  const errors: unknown[] = []
  events.on('error', (error: Error) => errors.push(error.message))
  const connect = vi.fn(async () => undefined)
  const disconnect = vi.fn()
  const client = Object.assign(events, { status, options: {}, connect, disconnect })
  return { client: client as unknown as Ioredis, connect, disconnect, errors }
}

it('is asked again after a reset, and its late answer counts for nothing', async () => {
  const answers = [deferred<Login>(), deferred<Login>()]
  const asked = vi.fn(() => answers[asked.mock.calls.length - 1]!.promise)
  const { client, connect, disconnect, errors } = fakeClient('reconnecting')
  askAtEachConnection(client, asked)

  const first = client.connect()
  void client.connect()
  expect(asked).toHaveBeenCalledTimes(1)
  // No timer of the client connects in this state.
  client.disconnect(true)
  expect(asked).toHaveBeenCalledTimes(2)
  expect(disconnect).toHaveBeenCalledWith(true)
  expect(errors).toEqual(['the function `credentials` has not answered'])

  answers[0]!.resolve({ username: 'late', password: 'late' })
  await first
  expect(connect).not.toHaveBeenCalled()
  answers[1]!.resolve({ username: 'app', password: 'secret' })
  await client.connect()
  expect(connect).toHaveBeenCalledTimes(1)
  expect(client.options).toEqual({ username: 'app', password: 'secret' })
})

it('does not connect a client that was closed meanwhile', async () => {
  const answer = deferred<Login>()
  const { client, connect, errors } = fakeClient('reconnecting')
  askAtEachConnection(client, () => answer.promise)
  const connecting = client.connect()
  client.disconnect()
  answer.resolve({ password: 'secret' })
  await connecting
  expect(connect).not.toHaveBeenCalled()
  expect(errors).toEqual([])
})
