// A slot whose move was begun and given up.
import { expect, it, onTestFinished } from 'vitest'
import { RedisCache } from 'cachette/redis'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { slotOf } from '../../../src/redis/connection/slot.ts'
import { RecordingLogger } from '../../support/recording-logger.ts'
import { until } from '../../support/until.ts'
import { nativeClient } from '../native-clients.ts'
import { describeWithServers, startCluster } from '../servers/index.ts'

describeWithServers('a cluster with a slot that stays on the move', () => {
  it.each(['node-redis 6', 'ioredis 5'] as const)('is named in the log: %s', async (library) => {
    await using cluster = await startCluster()
    const native = nativeClient(library, cluster.url)
    onTestFinished(() => native.close())
    const logger = new RecordingLogger()
    const cache = new RedisCache({ client: native.client, prefix: 'app:', ttl: '1h', logger })
    onTestFinished(() => cache.close())
    await until('the cluster', async () => cache.set('key', 'old'))
    logger.forgetStart()
    const slot = slotOf(new KeyNames('app:', true).value('key'))
    const from = await cluster.ownerOf(slot)
    const to = (await cluster.masters()).find((master) => master !== from)!
    const [fromId, toId] = await Promise.all(
      [from, to].map(async (server) => String(await server.command('CLUSTER', 'MYID'))),
    )
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId!)
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId!)

    // A change needs the lease and the floor as well, which are not there.
    expect(await cache.set('key', 'new')).toBe(false)
    expect(logger.summary).toEqual([])
    await until('a line', async () => !(await cache.set('key', 'new')) && logger.lines.length > 0)
    expect(logger.summary).toEqual([expect.stringMatching(/^warn: a slot of the cluster is being moved/)])
    expect(logger.lines[0]!.details).toMatchObject({
      err: { message: expect.stringMatching(/^TRYAGAIN/) as string },
    })

    for (const server of [from, to]) await server.command('CLUSTER', 'SETSLOT', slot, 'STABLE')
    await until('a change', async () => cache.set('key', 'new'))
  })
})
