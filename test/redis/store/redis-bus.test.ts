import { expect, it } from 'vitest'
import type { Message } from '../../../src/core/remote-store.ts'
import { RedisBus } from '../../../src/redis/redis-bus.ts'
import { until } from '../../support/until.ts'
import { describeWithServers } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, GENERATION, setOf, storeOn } from './stores.ts'
import { startServer } from './test-server.ts'

describeWithServers('RedisBus', () => {
  it('brings what is logged, of its own prefix, and nothing else', async () => {
    const server = await startServer()
    const client = new PlainClient(server.port)
    const messages: Message[] = []
    let isReady = false
    const stop = new RedisBus(client, 'app:').subscribe(
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
      await server.admin.call('PUBLISH', 'app:!bus', 'no message')
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
})
