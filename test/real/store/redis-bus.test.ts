import { expect, it, vi } from 'vitest'
import type { Message } from '../../../src/core/remote/log.ts'
import { ClientView } from '../../../src/redis/connection/client-view.ts'
import type { RedisClient } from '../../../src/redis/connection/client.ts'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { RedisBus } from '../../../src/redis/store/bus.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { describeWithServers } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, GENERATION, setOf, storeOn } from './stores.ts'
import { startServer } from './test-server.ts'

const CHANNEL = 'app:!bus:0'

function busNames(database: number): string {
  return new KeyNames('app:', false, database).channel
}

function busOf(client: RedisClient, logger: RecordingLogger): RedisBus {
  return new RedisBus(client, 'app:', Math.random, { logger, cache: 'test' })
}

describeWithServers('RedisBus', () => {
  it('brings what is logged, of its own prefix, and nothing else', async () => {
    const server = await startServer()
    const client = new PlainClient(server.port)
    const messages: Message[] = []
    let isReady = false
    const stop = busOf(client, new RecordingLogger()).subscribe(
      (message) => messages.push(message),
      () => {
        isReady = true
      },
    )
    try {
      await until('the subscription', () => isReady)
      const store = storeOn(client)
      const epoch = { ordinal: 1e14, random: 'a b%=', birth: 1e14 }
      await store.write([setOf(store, 'unfollowed', 1)])
      const { head } = await store.sync('0', undefined, epoch)
      await store.sync('!tags', undefined, EPOCH)
      const other = storeOn(client, { prefix: 'other:' })
      await other.sync('0', undefined, EPOCH)
      await other.write([setOf(other, 'a', 1)])
      await server.admin.call('PUBLISH', 'app:!bus:0', 'no message')
      const [first] = await store.write([setOf(store, 'line\nend', 1)])
      const silent = storeOn(client, { publish: false })
      const [second] = await silent.write([setOf(silent, 'silent', 1)])
      const { heads } = await store.deleteByPrefix('u: ')
      const tags = await store.invalidateTags(['t'], [GENERATION])
      await store.replay('0', epoch, [{ kind: 'key', item: 'k', stamp: 'old', counter: 4 }])

      await until('four messages', () => messages.length >= 4)
      const third = heads.get('0')!
      expect(messages).toEqual([
        { partition: '0', ...first!.head, previous: head.stamp, kind: 'key', item: 'line\nend' },
        { partition: '0', ...third, previous: second!.head!.stamp, kind: 'flush', item: '' },
        { partition: '!tags', ...tags.heads[0], previous: '', kind: 'tag', item: 't' },
        {
          partition: '0',
          epoch,
          counter: 4,
          stamp: expect.stringMatching(/^[0-9a-f]{20}$/),
          previous: third.stamp,
          kind: 'key',
          item: 'k',
          origin: 'old',
        },
      ])
    } finally {
      stop()
      await client.close()
      await server.stop()
    }
  })

  it('has a channel for each database', async () => {
    const [one, other] = [busNames(0), busNames(1)]
    expect(one).toBe('app:!bus:0')
    expect(other).toBe('app:!bus:1')
  })

  it('tells two fleets with one channel apart, names that once, and leaves their messages out', async () => {
    const servers = [await startServer(), await startServer()] as const
    const clients = servers.map((server) => new PlainClient(server.port))
    // Messages of one server are heard on the other one, too, as if they were two databases.
    const carry = clients.map((client, index) =>
      client.subscribe(
        CHANNEL,
        (text) => {
          const at = carried[index]!.indexOf(text)
          if (at !== -1) return void carried[index]!.splice(at, 1)
          carried[1 - index]!.push(text)
          void servers[1 - index]!.admin.call('PUBLISH', CHANNEL, text)
        },
        () => undefined,
      ),
    )
    // Texts that come from the other server, and are not carried back.
    const carried: [string[], string[]] = [[], []]
    const loggers = clients.map(() => new RecordingLogger())
    const messages: Message[] = []
    const stops: (() => void)[] = []
    try {
      for (const [index, client] of clients.entries()) {
        await new Promise<void>((resolve) => {
          stops.push(busOf(client, loggers[index]!).subscribe((message) => messages.push(message), resolve))
        })
        await until('its fleet to be known', async () => servers[index]!.admin.call('EXISTS', 'app:!fleet:'))
      }
      await until('both to know', () => loggers.every(({ lines }) => lines.length === 1))
      expect(loggers[0]!.lines[0]).toMatchObject({
        level: 'error',
        message: expect.stringContaining('another cache has the same prefix'),
        details: { channel: CHANNEL },
      })

      const store = storeOn(clients[0]!)
      await store.sync('0', undefined, EPOCH)
      await store.write([setOf(store, 'a', 1)])
      // A node that joins is of one of the fleets, and is told as well.
      const late = new RecordingLogger()
      await new Promise<void>((resolve) => {
        stops.push(busOf(clients[0]!, late).subscribe(() => undefined, resolve))
      })
      await until('the late one to know', () => late.lines.length === 1)
      expect(messages).toEqual([])
      expect(loggers.map(({ lines }) => lines.length)).toEqual([1, 1])
    } finally {
      for (const stop of [...stops, ...carry]) stop()
      for (const client of clients) await client.close()
      for (const server of servers) await server.stop()
    }
  })

  it.each([1, 2, 5])(
    'takes %d late greetings with an id that a failover has lost for none',
    async (count) => {
      const server = await startServer()
      const client = new PlainClient(server.port)
      const logger = new RecordingLogger()
      const messages: Message[] = []
      const heard: string[] = []
      const stops = [
        client.subscribe(
          CHANNEL,
          (text) => heard.push(text),
          () => undefined,
        ),
      ]
      try {
        await new Promise<void>((resolve) => {
          stops.push(busOf(client, logger).subscribe((message) => messages.push(message), resolve))
        })
        await until('the first greeting', () => heard.length > 0)
        const publish = Array.from({ length: count }, () => ['PUBLISH', CHANNEL, '!fleet 00000000deadbeef'])
        await Promise.all(publish.map(async (args) => server.admin.call(...args)))
        await until('the question', () => heard.filter((text) => text === heard[0]).length > 1)
        const store = storeOn(client)
        await store.sync('0', undefined, EPOCH)
        await store.write([setOf(store, 'a', 1)])

        await until('the message', () => messages.length > 0)
        expect(logger.lines).toEqual([])
      } finally {
        for (const stop of stops) stop()
        await client.close()
        await server.stop()
      }
    },
  )

  it('takes an id that was lost and made anew for its own', async () => {
    const server = await startServer()
    const client = new PlainClient(server.port)
    const logger = new RecordingLogger()
    const stops: (() => void)[] = []
    const join = async (): Promise<void> =>
      new Promise((resolve) => {
        stops.push(busOf(client, logger).subscribe(() => undefined, resolve))
      })
    try {
      const heard = vi.fn()
      await new Promise<void>((resolve) => {
        stops.push(client.subscribe(CHANNEL, heard, resolve))
      })
      await join()
      await until('the first greeting', () => heard.mock.calls.length > 0)
      await server.admin.call('DEL', 'app:!fleet:')
      await join()
      await until('the greeting with another id', () => heard.mock.calls.length > 1)
      await join()
      await until('one more greeting', () => heard.mock.calls.length > 2)
      expect(logger.lines).toEqual([])
    } finally {
      for (const stop of stops) stop()
      await client.close()
      await server.stop()
    }
  })

  it('tells whether its own messages come back', async () => {
    const server = await startServer()
    const client = new PlainClient(server.port)
    let isDeaf = false
    class SometimesDeaf extends ClientView {
      override subscribe(
        channel: string,
        onMessage: (text: string) => void,
        onReady: () => void,
      ): () => void {
        return client.subscribe(channel, (text) => isDeaf || onMessage(text), onReady)
      }
    }
    const bus = busOf(new SometimesDeaf(client), new RecordingLogger())
    expect(bus.state).toBe(undefined)
    const stop = bus.subscribe(
      () => undefined,
      () => undefined,
    )
    try {
      expect(bus.state).toBe('lost')
      await until('the subscription', () => bus.state === 'connected')
      isDeaf = true
      await until('silence', async () => bus.check().then(() => bus.state === 'silent'))
      isDeaf = false
      await until('a message', async () => bus.check().then(() => bus.state === 'connected'))
      await server.admin.call('ACL', 'SETUSER', 'default', 'resetchannels')
      await until('a refusal', async () => bus.check().then(() => bus.state === 'refused'))
    } finally {
      stop()
      await client.close()
      await server.stop()
    }
    expect(bus.state).toBe(undefined)
  })
})
