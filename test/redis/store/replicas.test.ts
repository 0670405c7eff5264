import { expect, it } from 'vitest'
import { describeWithServers, startRedis, startReplica } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { RespConnection } from './resp-connection.ts'
import { EPOCH, GENERATION, setOf, storeOn, valuesOf } from './stores.ts'

describeWithServers('waiting for replicas', () => {
  it('tells whether they have acknowledged in time, and holds up nothing else', async () => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    const client = new PlainClient(primary.port)
    const patient = storeOn(client, { waitMs: 20_000 })
    const hasty = storeOn(client, { waitMs: 100 })
    await patient.sync('0', undefined, EPOCH)
    const admin = new RespConnection(primary.port)
    try {
      expect(await patient.write([setOf(patient, 'a', 1), { kind: 'delete', key: 'b' }], 1)).toMatchObject([
        { ok: true, replicated: true, logged: true },
        { ok: false, replicated: true },
      ])
      expect(await hasty.invalidateTags(['t'], [GENERATION], { replicas: 2 })).toMatchObject({
        replicated: false,
      })
      expect(await patient.deleteByPrefix('a', 1)).toMatchObject({ count: 1, replicated: true })
      // A script that is not known yet would run after the wait: it is sent as it is.
      await admin.call('CONFIG', 'RESETSTAT')
      await patient.write([setOf(patient, 'a', 1)], 1)
      expect(await admin.call('INFO', 'commandstats')).not.toContain('cmdstat_evalsha')
      replica.freeze()
      const waiting = patient.write([setOf(patient, 'a', 2)], 1)
      expect(await hasty.write([setOf(hasty, 'b', 3)])).toMatchObject([{ ok: true }])
      expect(await valuesOf(hasty, ['b'])).toEqual({ b: 3 })
      replica.resume()
      expect(await waiting).toMatchObject([{ ok: true, replicated: true }])
      replica.freeze()
      expect(await hasty.write([setOf(hasty, 'a', 2)], 1)).toMatchObject([{ ok: true, replicated: false }])
    } finally {
      replica.resume()
      admin.close()
      await client.close()
    }
  })
})
