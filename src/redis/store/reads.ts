import type { Generations } from '../../core/remote/generations.ts'
import { IN_FULL, type RemoteFound } from '../../core/remote/operations.ts'
import type { Connection, RedisClient, Reply } from '../connection/client.ts'
import { generationsIn, type EntryBytes } from './entry-bytes.ts'
import { exchange, groupsOf, type Call } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { accept, asBytes, asList, asNumber, isWrongType } from './replies.ts'
import { scanNames, textOf } from './scans.ts'
import { timesLeft } from '../scripts/entries/times-left.ts'

/** The last byte of a first read for a header. Most headers are shorter. */
const HEADER_GUESS = '511'

/** The maximum number of keys in one command, because a server does nothing else meanwhile. */
const LONGEST_READ = 500
const NONE: ReadonlySet<string> = new Set()

/** The number of reads that ask for bytes after one that met a frame. */
const READS_AS_BYTES = 1_000
/** The number of reads that ask for the time left at once after one that met an entry with grace. */
const READS_WITH_TIMES = 1_000

type ShortlyRead = RemoteFound | typeof IN_FULL | undefined

/** Reads entries. */
export class Reads {
  readonly #client: RedisClient
  readonly #names: KeyNames
  readonly #entries: EntryBytes
  wrongTypes = 0
  // The number of coming reads that ask for bytes.
  #bytesFor = 0
  // The number of coming reads that ask for the time left. Asking later costs a round trip, and runs after later calls.
  #timesFor = 0

  constructor(client: RedisClient, names: KeyNames, entries: EntryBytes) {
    this.#client = client
    this.#names = names
    this.#entries = entries
  }

  /**
   * Reads by GET or MGET, without the time left. An entry with grace may be stale and has to be read in full. Text is
   * cheaper to read than bytes, but frames need bytes, so reads ask for bytes for a while after a frame.
   */
  async readMany(keys: readonly string[]): Promise<readonly ShortlyRead[]> {
    if (keys.length === 0) return []
    if (keys.length === 1) return [await this.readOne(keys[0]!)]
    if (this.#asksTimes()) return this.#readWithTimes(keys)
    if (this.#client.isCluster || keys.length > LONGEST_READ)
      return this.#collect(keys, await this.#valuesOfAll(keys))
    const form = this.#asksText() ? 'text' : 'bytes'
    const names = keys.map((key) => this.#names.value(key))
    const connection = this.#client.connectionFor(names[0]!)
    const reply = await connection.run({ args: readArgs(names) }, form)
    return this.#collect(keys, asList(reply))
  }

  /** Reads one key. This is the hottest path of a cache without L1. */
  async readOne(key: string): Promise<ShortlyRead> {
    if (this.#asksTimes()) return (await this.#readWithTimes([key]))[0]
    const name = this.#names.value(key)
    const form = this.#asksText() ? 'text' : 'bytes'
    let reply: Reply
    try {
      reply = await this.#client.connectionFor(name).run({ args: ['GET', name] }, form)
    } catch (error) {
      if (!isWrongType(error)) throw error
      this.wrongTypes++
      return undefined
    }
    if (reply === null) return undefined
    return this.#foundBare(reply, key)
  }

  async #readWithTimes(keys: readonly string[]): Promise<readonly (RemoteFound | undefined)[]> {
    const found = await this.read(keys)
    return keys.map((key) => found.get(key))
  }

  // The values of several masters. Keys of a master that does not answer have none.
  async #valuesOfAll(keys: readonly string[]): Promise<readonly Reply[]> {
    const groups = this.#groups(keys)
    const replies = await exchange(
      this.#client,
      groups.map(({ names }) => ({ route: names[0]!, command: { args: readArgs(names) } })),
      'bytes',
    )
    acceptSome(replies.map((reply) => [reply]))
    const values = new Map<string, Reply>()
    for (const [position, group] of groups.entries()) {
      const list = this.#values(replies[position]!, group.names.length)
      for (const [index, key] of group.keys.entries()) values.set(key, list[index]!)
    }
    return keys.map((key) => values.get(key)!)
  }

  #collect(keys: readonly string[], values: readonly Reply[]): readonly ShortlyRead[] {
    const list: ShortlyRead[] = []
    for (let index = 0; index < keys.length; index++) {
      const value = values[index]!
      list.push(value === null ? undefined : this.#foundBare(value, keys[index]!))
    }
    return list
  }

  // The value may be a frame that came as text.
  #foundBare(value: Reply, key: string): RemoteFound | typeof IN_FULL {
    const entry =
      typeof value === 'string'
        ? this.#entries.foundText(value)
        : this.#entries.found(asBytes(value), key, -1)
    if (entry === undefined) this.#bytesFor = READS_AS_BYTES
    return entry === undefined || entry.graceMs !== undefined ? IN_FULL : entry
  }

  #asksTimes(): boolean {
    if (this.#timesFor === 0) return false
    this.#timesFor--
    return true
  }

  #asksText(): boolean {
    if (this.#bytesFor === 0) return true
    this.#bytesFor--
    return false
  }

  /**
   * Reads first the time left and then the value, because the entry may be replaced in between. In that case the
   * message of the change is on its way, or the first entry was about to end and the second gets its short time.
   */
  async read(keys: readonly string[], withinMs?: number): Promise<ReadonlyMap<string, RemoteFound>> {
    const groups = this.#groups(keys)
    const calls = groups.flatMap(({ names }): Call[] => [
      { route: names[0]!, command: timesCommand(names) },
      { route: names[0]!, command: { args: readArgs(names) } },
    ])
    const replies = await exchange(this.#client, calls, 'bytes', withinMs)
    acceptSome(groups.map((_, position) => [replies[position * 2]!, replies[position * 2 + 1]!]))
    const found = new Map<string, RemoteFound>()
    for (const [position, group] of groups.entries()) {
      const times = timesOf(replies[position * 2]!)
      const values = this.#values(replies[position * 2 + 1]!, group.names.length)
      for (const [index, bytes] of values.entries()) {
        const leftMs = times[index] ?? -2
        const key = group.keys[index]!
        if (bytes === null || leftMs === -2) continue
        const entry = this.#entries.found(bytes, key, leftMs)
        if (entry.graceMs !== undefined) this.#timesFor = READS_WITH_TIMES
        found.set(key, entry)
      }
    }
    return found
  }

  /** Yields the keys that begin with a text. A key that is written meanwhile may come twice. */
  async *scan(prefix: string): AsyncGenerator<{ readonly key: string; readonly generations?: Generations }> {
    for (const master of await this.#client.masters()) {
      for await (const batch of scanNames(master, this.#names.pattern('value', prefix), true)) {
        const keys = batch.flatMap((name) => {
          const text = textOf(name)
          return (text === undefined ? undefined : this.#names.keyOf(text)) ?? []
        })
        if (keys.length > 0) yield* await this.#labelled(master, keys)
      }
    }
  }

  async #labelled(
    master: Connection,
    keys: readonly string[],
  ): Promise<readonly { readonly key: string; readonly generations?: Generations }[]> {
    const names = keys.map((key) => this.#names.value(key))
    const heads = await master.runAll(
      names.map((name) => ({ args: ['GETRANGE', name, '0', HEADER_GUESS] })),
      'bytes',
    )
    const found: { readonly key: string; readonly generations?: Generations }[] = []
    const stale = await this.#stale(master, names, heads)
    for (const [index, key] of keys.entries()) {
      const head = heads[index]!
      // The entry is gone meanwhile, or is of another type.
      if (head instanceof Error || asBytes(head).length === 0 || stale.has(names[index]!)) continue
      const generations = generationsIn(await this.#header(master, names[index]!, asBytes(head)))
      found.push(generations === undefined ? { key } : { key, generations })
    }
    return found
  }

  // Returns the names of entries that are within their grace.
  async #stale(
    master: Connection,
    names: readonly string[],
    heads: readonly Reply[],
  ): Promise<ReadonlySet<string>> {
    const graces = new Map<string, number>()
    for (const [index, head] of heads.entries()) {
      const graceMs = head instanceof Error ? 0 : graceOf(asBytes(head))
      if (graceMs > 0) graces.set(names[index]!, graceMs)
    }
    if (graces.size === 0) return NONE
    const asked = [...graces.keys()]
    const times = await master.runAll(
      asked.map((name) => ({ args: ['PTTL', name] })),
      'bytes',
    )
    return new Set(
      asked.filter((name, index) => {
        const left = times[index]!
        return typeof left === 'number' && left !== -1 && left <= graces.get(name)!
      }),
    )
  }

  async #header(master: Connection, name: string, head: Uint8Array): Promise<Uint8Array> {
    if (head[0] !== 0xc1 || head.length < 46) return head
    const length = Buffer.from(head).readUInt32BE(4)
    if (length <= head.length) return head
    return asBytes(await master.run({ args: ['GETRANGE', name, '0', String(length - 1)] }, 'bytes'))
  }

  #groups(
    keys: readonly string[],
  ): readonly { readonly keys: readonly string[]; readonly names: readonly string[] }[] {
    return groupsOf(keys, (key) => key, this.#names, LONGEST_READ).map((group) => {
      const own = group.map((index) => keys[index]!)
      return { keys: own, names: own.map((key) => this.#names.value(key)) }
    })
  }

  #values(reply: Reply, count: number): readonly (Uint8Array | null)[] {
    if (isWrongType(reply)) {
      this.wrongTypes++
      return none(count)
    }
    // The keys of a server without an answer are missing. Those of other servers are not.
    if (reply instanceof Error || reply === null) return none(count)
    const values = count === 1 ? [reply] : asList(reply)
    return values.map((value) => (value === null ? null : asBytes(value)))
  }
}

// Reads the grace at its fixed place, because the known bytes may not contain the whole header.
function graceOf(head: Uint8Array): number {
  if (head[0] !== 0xc1 || head.length < 46) return 0
  return Number(Buffer.from(head).readBigUInt64BE(16))
}

/**
 * Accepts replies if at least one group has no error. A key of another type is no error. @throws the first error
 * otherwise
 */
function acceptSome(groups: readonly (readonly Reply[])[]): void {
  const errors = groups.map((replies) =>
    replies.find((reply) => reply instanceof Error && !isWrongType(reply)),
  )
  if (!errors.includes(undefined)) accept(errors[0] ?? null)
}

function none(count: number): readonly null[] {
  return Array.from({ length: count }, () => null)
}

function readArgs(names: readonly string[]): readonly string[] {
  return [names.length === 1 ? 'GET' : 'MGET', ...names]
}

function timesCommand(names: readonly string[]): Call['command'] {
  return names.length === 1 ? { args: ['PTTL', names[0]!] } : { script: timesLeft, keys: names, args: [] }
}

function timesOf(reply: Reply): readonly number[] {
  if (reply instanceof Error || reply === null) return []
  return typeof reply === 'number' ? [reply] : asList(reply).map(asNumber)
}
