// A cluster with certificates for a name, and no IP address.
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openClient } from '../../../src/redis/libraries/open.ts'
import { until } from '../../support/until.ts'
import { certificates } from '../servers/certificates.ts'
import { describeWithServers, startCluster, type RedisCluster } from '../servers/index.ts'
import { IMPORTS } from './libraries.ts'
import { realSettings } from './setting.ts'

// One key of each master.
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']

describeWithServers('a cluster whose certificates bear names', () => {
  describe.each([
    { known: 'numbers', config: [] },
    {
      known: 'names',
      config: ['cluster-announce-hostname localhost', 'cluster-preferred-endpoint-type hostname'],
    },
  ])("and whose nodes tell each other's $known", ({ config }) => {
    let cluster: RedisCluster
    beforeAll(async () => {
      cluster = await startCluster({ tls: 'names', config })
    })
    afterAll(async () => cluster.close())

    it.each(Object.keys(IMPORTS))('is used by the name of the URL, with %s', async (library) => {
      const target = { url: cluster.url, tls: { ca: certificates().ca }, connect: 'required' as const }
      const client = await openClient(target, realSettings(), IMPORTS[library])
      onTestFinished(() => client.close())
      for (const key of KEYS) {
        const connection = client.connectionFor(key)
        expect(await connection.run({ args: ['SET', key, key] }, 'text')).toBe('OK')
        expect(await connection.run({ args: ['GET', key] }, 'text')).toBe(key)
      }
      expect(await client.masters()).toHaveLength(3)
    })

    it.each(Object.keys(IMPORTS))('says why it is not used, with %s', async (library) => {
      const settings = realSettings()
      const client = await openClient({ url: cluster.url }, settings, IMPORTS[library])
      onTestFinished(() => client.close())
      const lines = (): string => inspect(settings.logger.lines, { depth: 4 })
      await until('the reason', () => /self.signed|certificate/i.test(lines()), { timeoutMs: 5_000 })
      expect(settings.logger.summary[0]).toMatch(/^error: the certificate of Redis, or ours, is not accepted/)
    })
  })
})
