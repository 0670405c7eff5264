// Deletions by prefix are several steps: two scans, then the logs.
import { expect } from 'vitest'
import { history } from './history.ts'
import { HEARTBEAT_MS } from './stage.ts'

history(
  'a prefix delete meets a fill: what was loaded before it is not stored between its scans',
  { without: ['prefix, order'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('pa')
    const loading = await stage.load(one, 'pa')
    stage.commit('pa')
    const scan = two.network.hold('request', 'scan values p')
    const deleting = two.cache.deleteByPrefix('p')
    await stage.when(() => scan.count > 0)
    const finished = loading.finish()
    await stage.pass(10)
    scan.letGo()
    await stage.until(deleting)
    await finished
    expect(stage.onServer('pa')).toBe(undefined)
    expect(await stage.read(two, 'pa')).toBe(2)
  },
)

history(
  'a prefix delete reaches the fill that its last scan has missed',
  { without: ['prefix, leases'] },
  async (stage) => {
    const [one, two] = stage.players
    one.network.hold('message')
    stage.commit('pa')
    const loading = await stage.load(one, 'pa')
    stage.commit('pa')
    const log = two.network.hold('request', 'log p')
    const deleting = two.cache.deleteByPrefix('p')
    await stage.when(() => log.count > 0)
    await loading.finish()
    log.letGo()
    await stage.until(deleting)
    expect(stage.onServer('pa')).toBe(undefined)
  },
)

history(
  'a prefix delete reaches what nodes keep of keys that the server had evicted',
  { without: ['prefix, log'] },
  async (stage) => {
    const [one, two] = stage.players
    stage.commit('pa')
    await stage.readAll('pa')
    await stage.pass(HEARTBEAT_MS)
    stage.evict('v:pa')
    stage.commit('pa')
    expect(await stage.until(two.cache.deleteByPrefix('p'))).toBe(0)
    await stage.pass(10)
    expect(await stage.readAll('pa')).toEqual([2, 2])
    expect(await stage.kept(one, 'pa')).toBe(2)
  },
)

history(
  'a prefix delete is logged in every partition: what is missed of one is missed of that one alone',
  { partitions: 3, logLimit: 1, without: ['prefix, every partition'] },
  async (stage) => {
    const [one, two] = stage.players
    const keys = ['pa', 'pb', 'pc']
    expect(keys.map((key) => stage.server.partitionOf(key)).toSorted()).toEqual(['0', '1', '2'])
    const inFirst = keys.find((key) => stage.server.partitionOf(key) === '0')!
    for (const key of keys) {
      stage.commit(key)
      await stage.readAll(key)
      stage.commit(key)
    }
    await stage.pass(HEARTBEAT_MS)
    const messages = one.network.hold('message')
    await stage.until(two.cache.deleteByPrefix('p'))
    // The first partition's log forgets it, so its followers forget their entries of that partition.
    for (let count = 0; count < 2; count++) await stage.change(two, inFirst)
    await stage.pass(10)
    messages.lose()
    await stage.pass(1.1 * HEARTBEAT_MS)
    for (const key of keys) expect(await stage.read(one, key)).toBe(stage.versionOf(key))
  },
)
