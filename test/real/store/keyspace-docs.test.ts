import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { remove } from '../../../src/redis/scripts/entries/invalidate.ts'
import { describeWithServers, startCluster } from '../servers/index.ts'
import { PlainClusterClient } from './cluster-client.ts'
import { PlainClient } from './plain-client.ts'
import { EPOCH, setOf, storeOn, valuesOf } from './stores.ts'
import { startServer } from './test-server.ts'

const docs = join(import.meta.dirname, '../../../docs')
const page = readFileSync(join(docs, 'redis-keyspace.md'), 'utf8')
const program = join(docs, 'redis-invalidate.py')

describe('the page on the keyspace', () => {
  it('has an example in Python that prints what it says, and what the library does', () => {
    const [, code, output] = /```python\n([^]*?)```\n\n```\n([^]*?)```/.exec(page)!

    const printed = execFileSync('python3', ['-c', code!], { encoding: 'utf8' })

    expect(printed).toBe(output)
    const names = new KeyNames('app:', true)
    expect(printed.trim().split('\n').slice(1)).toEqual([names.value('user:1'), names.value('größe')])
  })

  it('names every script', () => {
    const folder = join(docs, '../src/redis/scripts')
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file.includes('/'))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
    const scripts = sources.flatMap((text) =>
      [...text.matchAll(/: Script = \w+\(\s*'([^']+)'/g)].map(([, name]) => name!),
    )
    expect(scripts.length).toBeGreaterThan(15)
    for (const script of scripts) expect(page).toContain(`\`${script}\``)
  })

  it('comes with the script for other languages as it is', () => {
    expect(readFileSync(join(docs, 'redis-invalidate.lua'), 'utf8')).toBe(`${remove.source}\n`)
  })
})

describeWithServers('the program that invalidates from another language', () => {
  it('removes an entry, voids the lease and tells the nodes', async () => {
    const server = await startServer()
    const client = new PlainClient(server.port)
    try {
      const store = storeOn(client)
      const { head } = await store.sync('0', undefined, EPOCH)
      const key = 'größe 1'
      await store.acquire([{ key, token: 't' }], 60_000)
      await server.admin.call('SET', `app:${key}`, '1')

      const printed = execFileSync(
        'python3',
        [program, 'app:', key, 'none', '--', '-p', String(server.port)],
        {
          encoding: 'utf8',
        },
      )

      expect(printed).toBe(`${key} removed\nnone absent\n`)
      expect(await valuesOf(store, [key])).toEqual({})
      expect(await store.renew(key, 't', 1000)).toBe(false)
      const { entries } = await store.sync('0', head, EPOCH)
      expect(entries.map(({ item }) => item)).toEqual([key, 'none'])
    } finally {
      await client.close()
      await server.stop()
    }
  })

  it('works on a cluster', async () => {
    await using cluster = await startCluster()
    const client = new PlainClusterClient(cluster.servers[0]!.port)
    await client.refresh(cluster.servers[0]!.port)
    const store = storeOn(client)
    const key = 'user:1'
    await store.sync(store.partitionOf(key), undefined, EPOCH)
    await store.write([setOf(store, key, 1)])
    const port = String(cluster.servers[1]!.port)

    const printed = execFileSync('python3', [program, '--cluster', 'app:', key, '--', '-c', '-p', port], {
      encoding: 'utf8',
    })

    expect(printed).toBe(`${key} removed\n`)
    expect(await valuesOf(store, [key])).toEqual({})
    expect((await store.heads()).get(store.partitionOf(key))).toMatchObject({ counter: 2 })
    await client.close()
  })
})
