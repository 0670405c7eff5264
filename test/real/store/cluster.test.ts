import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Connection } from '../../../src/redis/connection/client.ts'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import type { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { describeWithServers, startCluster, type RedisCluster } from '../servers/index.ts'
import { PlainClusterClient } from './cluster-client.ts'
import { EPOCH, GENERATION, admitted, setOf, storeOn, valuesOf } from './stores.ts'

/** Does a task before a client's first scan for values. Until it is done, no master is scanned for them. */
class InterruptedClient extends PlainClusterClient {
  beforeValues: (() => Promise<void>) | undefined
  #interrupting: Promise<void> | undefined

  override async masters(): Promise<readonly Connection[]> {
    this.#interrupting = undefined
    const masters = await super.masters()
    return masters.map((master) => ({
      server: master.server,
      run: async (command, form) => {
        const words = 'script' in command ? [] : command.args.map(String)
        if (words[0] === 'SCAN' && words[3]!.startsWith('app:{')) await this.#interrupt()
        return master.run(command, form)
      },
      runAll: async (commands, form) => master.runAll(commands, form),
    }))
  }

  async #interrupt(): Promise<void> {
    this.#interrupting ??= this.beforeValues?.()
    this.beforeValues = undefined
    await this.#interrupting
  }
}

describeWithServers('the Redis store on a cluster', () => {
  let cluster: RedisCluster
  let client: InterruptedClient
  let store: RedisStore
  const keys = Array.from({ length: 500 }, (_, index) => `u:${index}`)

  beforeAll(async () => {
    cluster = await startCluster()
    client = new InterruptedClient(cluster.servers[0]!.port)
  })

  afterAll(async () => {
    await client.close()
    await cluster.close()
  })

  beforeEach(async () => {
    for (const server of await cluster.masters()) await server.command('FLUSHALL')
    await client.refresh((await cluster.masters())[0]!.port)
    store = storeOn(client)
  })

  it('writes, reads, scans and deletes over all masters', async () => {
    const written = await store.write(keys.map((key, index) => setOf(store, key, index)))
    expect(written.every(({ ok }) => ok)).toBe(true)
    const sizes = await Promise.all((await cluster.masters()).map(async (server) => server.command('DBSIZE')))
    for (const size of sizes) expect(size).toBeGreaterThan(50)
    expect(await valuesOf(store, keys)).toEqual(Object.fromEntries(keys.map((key, index) => [key, index])))
    expect((await store.readMany(keys)).every((entry) => entry !== undefined)).toBe(true)
    const scanned: string[] = []
    for await (const { key } of store.scan('u:1')) scanned.push(key)
    expect(scanned.toSorted()).toEqual(keys.filter((key) => key.startsWith('u:1')).toSorted())

    const partition = store.partitionOf('u:7')
    await store.sync(partition, undefined, EPOCH)
    const granted = await store.acquire(
      keys.map((key) => ({ key: `x${key}`, token: 't' })),
      5000,
    )
    expect(new Set(granted)).toEqual(new Set(['granted']))
    const { count, heads } = await store.deleteByPrefix('u:')

    expect(count).toBe(500)
    expect([...heads]).toEqual([[partition, expect.objectContaining({ counter: 1 })]])
    expect(await store.heads()).toEqual(heads)
    expect(await store.deleteByPrefix('')).toMatchObject({ count: 0 })
    const left = await Promise.all(
      (await cluster.masters()).map(async (server) => server.command('KEYS', '*')),
    )
    expect(left.flat()).toHaveLength(2)
  })

  it('keeps what belongs to tags in one partition', async () => {
    await store.sync('!tags', undefined, EPOCH)
    await store.invalidateTags(['a', 'b', 'c'], [GENERATION, GENERATION, GENERATION])
    expect(await store.generations(['a', 'z'], [GENERATION, GENERATION], [60_000, 60_000])).toMatchObject([
      { value: GENERATION, head: { counter: 1 } },
      { value: GENERATION, head: { counter: 3 } },
    ])
  })

  it('does not log a prefix for keys that have moved during the scans', async () => {
    await store.write(keys.map((key, index) => setOf(store, key, index)))
    const partition = store.partitionOf('u:7')
    const slot = await cluster.slotOf(new KeyNames('app:', true).value('u:7'))
    client.beforeValues = async () => {
      expect(await cluster.migrateSlot(slot)).toBeGreaterThan(0)
      await client.refresh((await cluster.masters())[0]!.port)
    }

    await expect(store.deleteByPrefix('u:')).rejects.toThrow('the server changed between scan and log')

    await store.sync(partition, undefined, EPOCH)
    const { heads } = await store.deleteByPrefix('u:')
    expect(heads.get(partition)).toMatchObject({ counter: 1 })
    expect(await valuesOf(store, keys)).toEqual({})
  })

  it('rejects a deletion during which a master has died, and works with its replica', async () => {
    const key = 'u:7'
    await store.write([setOf(store, key, 1)])
    const slot = await cluster.slotOf(new KeyNames('app:', true).value(key))
    let failingOver: Promise<unknown> | undefined
    client.beforeValues = async () => {
      failingOver = cluster.failOver(slot).then(async ({ after }) => client.refresh(after.port))
      await failingOver
    }

    await expect(store.deleteByPrefix('u:')).rejects.toThrow()

    await failingOver
    await store.deleteByPrefix('u:')
    expect(await valuesOf(store, [key])).toEqual({})
    const fill = { kind: 'fill', key, token: 't', stored: admitted(store, 2), ttlMs: 1000 } as const
    expect(await store.acquire([{ key, token: 't' }], 1000)).toEqual(['granted'])
    expect(await store.write([fill])).toEqual([{ ok: true }])
  })
})
