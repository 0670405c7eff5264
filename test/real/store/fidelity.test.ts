import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import type { Head, LogEntry, Replayable } from '../../../src/core/remote/log.ts'
import type { RemoteStore } from '../../../src/core/remote/remote-store.ts'
import { adaptClient } from '../../../src/redis/libraries/adapt.ts'
import type { RedisClient } from '../../../src/redis/connection/client.ts'
import { EntryBytes } from '../../../src/redis/store/entry-bytes.ts'
import { KeyNames } from '../../../src/redis/store/key-names.ts'
import { RedisStore } from '../../../src/redis/store/redis-store.ts'
import { WireFormat } from '../../../src/serialization/wire/wire-format.ts'
import type { Line } from '../../../simulator/machine/network.ts'
import { SeededRandom } from '../../../src/testing/random.ts'
import { SimulatedRemote } from '../../../simulator/server/remote.ts'
import { SimulatedServer } from '../../../simulator/server/server.ts'
import { LIBRARIES } from '../clients/libraries.ts'
import { realSettings } from '../clients/setting.ts'
import { describeWithServers } from '../servers/index.ts'
import { Comparison } from './comparison.ts'
import { modelKeyspace, realKeyspace, realName } from './keyspaces.ts'
import { ModelCalls, STEP_MS, show, type Pair, type Past } from './model-calls.ts'
import { PlainClient } from './plain-client.ts'
import { startServer } from './test-server.ts'

const SEED = Number(process.env['CACHETTE_FIDELITY_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
const LOG_LIMIT = 12

/** Lets time pass for every key at once. */
const PASS = `for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`

/** A simulated server whose partitions are those of a real one. */
class Model extends SimulatedServer {
  readonly #names: KeyNames

  constructor(options: ConstructorParameters<typeof SimulatedServer>[0], names: KeyNames) {
    super(options)
    this.#names = names
  }

  override get partitions(): readonly string[] {
    return this.#names.partitions
  }

  override partitionOf(key: string): string {
    return this.#names.partitionOf(key)
  }
}

/** A server on which keys are named as in a cluster. */
class ClusterNamesClient extends PlainClient {
  override readonly isCluster: boolean = true
}

describeWithServers('the Redis store and the simulated store', () => {
  it.each([
    { names: 'one server', calls: 20_000, isCluster: false },
    { names: 'a cluster', calls: 4_000, isCluster: true },
  ])('answer alike and hold alike, with the names of $names', { timeout: 240_000 }, async (kind) => {
    console.log(`${kind.calls} calls with the names of ${kind.names}: seed ${SEED}`)
    const server = await startServer()
    const client = new (kind.isCluster ? ClusterNamesClient : PlainClient)(server.port)
    try {
      await compare(kind, client, server.admin)
    } finally {
      await client.close()
      await server.stop()
    }
  })

  it.each(Object.keys(LIBRARIES))('answer alike through %s', { timeout: 120_000 }, async (library) => {
    console.log(`2000 calls through ${library}: seed ${SEED}`)
    const server = await startServer()
    const made = await LIBRARIES[library]!(server.port)
    const client = adaptClient(made.client, realSettings())
    try {
      await client.whenUp()
      await compare({ calls: 2_000, isCluster: false }, client, server.admin)
    } finally {
      await client.close()
      made.close()
      await server.stop()
    }
  })
})

async function compare(
  kind: { readonly calls: number; readonly isCluster: boolean },
  client: RedisClient,
  admin: Awaited<ReturnType<typeof startServer>>['admin'],
): Promise<void> {
  const random = new SeededRandom(SEED)
  const names = new KeyNames('app:', kind.isCluster)
  const entries = new EntryBytes(new WireFormat())
  let passedMs = 0
  const now = (): number => performance.now() + passedMs
  const model = new Model(
    { now, partitions: 1, logLimit: LOG_LIMIT, publish: () => undefined, id: 'm' },
    names,
  )
  const direct: Line = { call: async (_, execute) => execute(), reconnect: () => undefined }
  const simulated: RemoteStore = new SimulatedRemote(model, direct)
  const store: RemoteStore = new RedisStore(client, 'app:', new WireFormat(), {
    random: random.next,
    logLimit: (names.partitions.length + 1) * LOG_LIMIT,
  })
  const past: Past = { heads: [], entries: [] }
  const partitions = kind.isCluster
    ? ['a', 'u:1', 'n'].map((key) => names.partitionOf(key))
    : names.partitions
  const calls = new ModelCalls(random, partitions, past)
  const ofModel = new Comparison(simulated)
  const ofReal = new Comparison(store)
  const history: string[] = []

  function same(what: string, modelAnswer: unknown, realAnswer: unknown): void {
    const [a, b] = [ofModel.plain(modelAnswer), ofReal.plain(realAnswer)]
    if (isDeepStrictEqual(a, b)) return
    throw new Error(
      `seed ${SEED}, call ${history.length}: ${what}\nmodel ${show(a)}\nreal  ${show(b)}\nafter\n${history.slice(-12).join('\n')}`,
    )
  }

  for (let count = 0; count < kind.calls; count++) {
    if (random.chance(0.02)) {
      passedMs += STEP_MS
      await admin.call('EVAL', PASS, '0', String(STEP_MS))
      history.push('half an hour passes')
    }
    if (random.chance(0.02)) {
      const evicted = model.evict((present) => random.pick(present))
      if (evicted !== undefined) await admin.call('DEL', realName(names, evicted))
      history.push(`evicted ${evicted}`)
    }
    const call = calls.next()
    history.push(call.text)
    const modelAnswer = await call.run(simulated, 'model')
    const realAnswer = await call.run(store, 'real')
    same('answers', modelAnswer, realAnswer)
    remember(past, call.text, modelAnswer, realAnswer)
    if (count % 20 === 19) {
      const real = await realKeyspace(admin, names, entries)
      same('keyspace', modelKeyspace(model, names), real)
    }
  }
  expect(past.heads.length).toBeGreaterThan(kind.calls / 200)
  expect(past.entries.length).toBeGreaterThan(kind.calls / 200)
}

// Later calls use the positions of the log in the answers.
function remember(past: Past, text: string, model: unknown, real: unknown): void {
  if (text === 'heads') {
    const realHeads = real as ReadonlyMap<string, Head>
    for (const [partition, head] of model as ReadonlyMap<string, Head>)
      past.heads.push({ partition, model: head, real: realHeads.get(partition)! })
  }
  if (!text.startsWith('sync ')) return
  const partition = (JSON.parse(text.slice(5)) as [string])[0]
  const [ofModel, ofReal] = [model, real] as [SyncAnswer, SyncAnswer]
  past.heads.push({ partition, model: ofModel.head, real: ofReal.head })
  for (const [index, entry] of ofModel.entries.entries()) {
    const other = ofReal.entries[index]!
    const pair: Pair<LogEntry> = { model: entry, real: other }
    if (entry.kind !== 'flush')
      past.entries.push({ partition, model: replayable(pair.model), real: replayable(pair.real) })
  }
  if (past.heads.length > 1000) past.heads.splice(0, 500)
  if (past.entries.length > 1000) past.entries.splice(0, 500)
}

interface SyncAnswer {
  readonly head: Head
  readonly entries: readonly LogEntry[]
}

function replayable({ kind, item, counter, stamp, origin = stamp }: LogEntry): Replayable {
  return { kind: kind === 'tag' ? 'tag' : 'key', item, counter, stamp: origin }
}
