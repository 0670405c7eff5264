import { afterAll, describe, expect, it } from 'vitest'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { CLIENT_NAMES, type ClientName } from '../native-clients.ts'
import {
  describeWithServers,
  HOSTED,
  startCluster,
  startRedis,
  startSentinelGroup,
  startServerless,
} from '../servers/index.ts'
import { SuiteOnServers, type Outcome } from './suite.ts'

// The partitions of keys that most cases use, and that of tags. The names of all partitions are in every prefix.
const PARTITIONS = ['key', 'user:list:key', 'counter', 'a', 'b'].map(partitionOf).concat('!tags')

const ran: string[] = []

function partitionOf(key: string): string {
  return new KeyNames('', true).partitionOf(key)
}

/** Notes the cases that ran, and checks their outcome. */
function passes(where: string, { passed, troubled, missed, failed, unseen }: Outcome): void {
  const again =
    troubled + missed.length === 0 ? '' : `; run again after failed calls: ${troubled}, after a miss:`
  ran.push(
    [`${where}: ${passed} cases${again}`, ...missed.map((line) => `    ${line.slice(0, 150)}`)].join('\n'),
  )
  expect(failed).toEqual([])
  expect(new Set(unseen)).toEqual(new Set(['its end: nobody waits for 400 days']))
  // Misses must be rare, because many would hide a fault.
  expect(missed.length).toBeLessThan(passed / 10)
}

const TWO_CLIENTS: readonly ClientName[] = ['node-redis 6', 'ioredis 5']
const BOTH = ['redis', 'tiered'] as const

describeWithServers('the conformance suite', () => {
  afterAll(() => {
    console.log(`The conformance suite ran on\n${ran.map((line) => `  ${line}`).join('\n')}`)
  })

  it.each(CLIENT_NAMES)('passes on one server through %s', async (client) => {
    await using server = await startRedis()
    for (const engine of BOTH) {
      await using suite = new SuiteOnServers(client, server.url, [engine])
      await suite.ready()
      passes(`${engine}, one server, ${client}`, await suite.run())
    }
  })

  it.each(CLIENT_NAMES)('passes on one endpoint before the slots of a cluster through %s', async (client) => {
    await using cluster = await startCluster()
    await using service = await startServerless(cluster, HOSTED.refusing('CLIENT', 'CONFIG'))
    for (const engine of BOTH) {
      await using suite = new SuiteOnServers(client, service.url, [engine], 'one-slot')
      await suite.ready()
      passes(`${engine}, one endpoint before slots, ${client}`, await suite.run())
    }
  })

  describe.concurrent('behind Sentinel', { timeout: 180_000 }, () => {
    it.each(TWO_CLIENTS)('passes through %s while the master is killed, and after that', async (client) => {
      await using group = await startSentinelGroup()
      await using suite = new SuiteOnServers(client, group.url, BOTH)
      await suite.ready()
      const where = `redis and tiered, Sentinel, ${client}`
      const killing = suite.during(async () => {
        const { before, after } = await group.failOver()
        ran.push(`${where}: master ${before.port} killed, ${after.port} promoted`)
        await suite.ready()
      })
      const outcome = await suite.run()
      await killing
      passes(`${where}, while its master was killed`, outcome)
      passes(`${where}, after that`, await suite.run())
    })
  })

  describe.concurrent('on a cluster', { timeout: 180_000 }, () => {
    it.each(TWO_CLIENTS)(
      'passes through %s while slots move and a master is killed, and after that',
      async (client) => {
        await using cluster = await startCluster()
        await using suite = new SuiteOnServers(client, cluster.url, BOTH)
        await suite.ready()
        const where = `redis and tiered, cluster, ${client}`
        const slots = await Promise.all(PARTITIONS.map(async (partition) => cluster.slotOf(`{${partition}}`)))
        let keys = 0
        const moving = suite.during(async () => {
          for (const slot of slots) keys += await cluster.migrateSlot(slot)
          ran.push(`${where}: ${slots.length} slots moved with ${keys} keys`)
        })
        const duringMoves = await suite.run()
        await moving
        expect(keys).toBeGreaterThan(0)
        passes(`${where}, while slots moved`, duringMoves)
        const killing = suite.during(async () => {
          const { before, after } = await cluster.failOver(slots[0])
          ran.push(`${where}: master ${before.port} killed, ${after.port} promoted`)
          await suite.ready()
        })
        const duringFailover = await suite.run()
        await killing
        passes(`${where}, while a master was killed`, duringFailover)
        passes(`${where}, after that`, await suite.run())
      },
    )
  })
})
