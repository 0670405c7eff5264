import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Command, Connection, Reply, ReplyForm } from '../../../src/redis/connection/client.ts'
import type { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { until } from '../../support/until.ts'
import { describeWithServers, startRedis, startReplica, type RedisServer } from '../servers/index.ts'
import { PlainClient } from './plain-client.ts'
import { RespConnection } from './resp-connection.ts'
import { EPOCH, namesOn, setOf, storeOn, valuesOf } from './stores.ts'

/** A client whose server may become another one before any command, without an error. */
class ShiftingClient extends PlainClient implements Connection {
  readonly server: object = this
  before: ((name: string) => Promise<void>) | undefined
  #other: RespConnection | undefined

  override connectionFor(): Connection {
    return this
  }

  async run(command: Command, form: ReplyForm): Promise<Reply> {
    await this.before?.(nameOf(command))
    return this.#now.run(command, form)
  }

  async runAll(commands: readonly Command[], form: ReplyForm): Promise<readonly Reply[]> {
    await this.before?.(nameOf(commands[0]!))
    return this.#now.runAll(commands, form)
  }

  shiftTo(port: number): void {
    this.#other?.close()
    this.#other = new RespConnection(port)
  }

  override async close(): Promise<void> {
    this.#other?.close()
    await super.close()
  }

  get #now(): Connection {
    return this.#other ?? super.connectionFor('')
  }
}

function nameOf(command: Command): string {
  return 'script' in command ? command.script.name : command.args.slice(0, 4).join(' ')
}

describeWithServers('a deletion by prefix while the server changes', () => {
  let primary: RedisServer
  let replica: RedisServer
  let client: ShiftingClient
  let store: RedisStore
  let ofReplica: RespConnection

  beforeEach(async () => {
    primary = await startRedis()
    replica = await startReplica(primary)
    client = new ShiftingClient(primary.port)
    store = storeOn(client)
    await store.sync('0', undefined, EPOCH)
    await store.write([setOf(store, 'u:1', 1), setOf(store, 'v:1', 1)])
    ofReplica = new RespConnection(replica.port)
    await until('the replica to have it all', async () => (await ofReplica.call('DBSIZE')) === 4)
    // The closed connections give connections of both servers different numbers.
    for (let count = 0; count < 5; count++) (await connectedTo(replica.port)).close()
  })

  afterEach(async () => {
    ofReplica.close()
    await client.close()
    await Promise.all([primary.close(), replica.close()])
  })

  async function connectedTo(port: number): Promise<RespConnection> {
    const connection = new RespConnection(port)
    await connection.call('PING')
    return connection
  }

  async function promote(): Promise<void> {
    client.before = undefined
    await ofReplica.call('REPLICAOF', 'NO', 'ONE')
    client.shiftTo(replica.port)
  }

  it('is rejected, and logs nothing, when a replica takes over between the scans', async () => {
    client.before = async (name) => {
      if (name.startsWith('SCAN 0 MATCH app:u:')) await promote()
    }

    await expect(store.deleteByPrefix('u:')).rejects.toThrow('the server changed')

    expect((await store.heads()).get('0')).toMatchObject({ counter: 2 })
    expect(await store.deleteByPrefix('u:')).toMatchObject({ count: 0 })
    expect((await store.heads()).get('0')).toMatchObject({ counter: 3 })
  })

  it('is rejected when the one that takes over before the log has not heard of the scans', async () => {
    client.before = async (name) => {
      if (name.startsWith('mark')) await ofReplica.call('REPLICAOF', 'NO', 'ONE')
      if (name === 'log-flush') await promote()
    }

    await expect(store.deleteByPrefix('u:')).rejects.toThrow('the server changed between scan and log')

    expect(await valuesOf(store, ['u:1', 'v:1'])).toEqual({ 'u:1': 1, 'v:1': 1 })
    expect((await store.heads()).get('0')).toMatchObject({ counter: 2 })
    expect(await store.deleteByPrefix('u:')).toMatchObject({ count: 1 })
  })

  it('is acknowledged when the one that takes over has all that the scans have done', async () => {
    client.before = async (name) => {
      if (name !== 'log-flush') return
      await until('the replica to have the mark', async () =>
        JSON.stringify(
          await ofReplica.call(
            'EVAL',
            `return redis.call('GET', redis.call('KEYS', '*mark*')[1] or '') or ''`,
            '0',
          ),
        ).includes('done'),
      )
      await promote()
    }

    expect(await store.deleteByPrefix('u:')).toMatchObject({ count: 1 })

    expect(await valuesOf(store, ['u:1', 'v:1'])).toEqual({ 'v:1': 1 })
    expect(await namesOn(ofReplica)).toEqual(['app:!log:0', 'app:!sequence:0', 'app:v:1'])
  })

  it('is rejected when the client has connected anew meanwhile', async () => {
    client.before = async (name) => {
      if (name.startsWith('SCAN 0 MATCH app:u:')) client.reconnect()
    }

    await expect(store.deleteByPrefix('u:')).rejects.toThrow('the server changed')
  })

  it('is rejected when the mark was evicted', async () => {
    client.before = async (name) => {
      if (name !== 'log-flush') return
      client.before = undefined
      const admin = await connectedTo(primary.port)
      for (const mark of (await admin.call('KEYS', '*!mark:*')) as string[]) await admin.call('DEL', mark)
      admin.close()
    }

    await expect(store.deleteByPrefix('u:')).rejects.toThrow('the server changed')
  })
})
