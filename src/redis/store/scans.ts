import { StoreUnavailableError } from '../../core/errors.ts'
import type { Command, Connection, RedisClient } from '../connection/client.ts'
import { groupBy } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { accept, asBytes, asList, asNumber, asText } from './replies.ts'
import { mark } from '../scripts/log/mark.ts'

/** Keys that a server looks at in one step. */
const COUNT = '1000'
/** A name that is no well-formed text is none of ours. */
const decoder = new TextDecoder('utf-8', { fatal: true })

/** What scans have removed. */
export interface Scanned {
  readonly count: number
  /** The deletion's own text, which its marks are named after. */
  readonly deletion: string
  /** What the mark of a partition holds if the scans were complete, and of one server. */
  readonly mark: string
}

/** Names that match a pattern, in batches: every one that is there from beginning to end, some perhaps twice. */
export async function* scanNames(
  connection: Connection,
  pattern: string,
  onlyTexts = false,
): AsyncGenerator<readonly Uint8Array[]> {
  let cursor = '0'
  do {
    const args = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', COUNT, ...(onlyTexts ? ['TYPE', 'string'] : [])]
    const [next, names] = asList(await connection.run({ args }, 'bytes'))
    cursor = asText(next!)
    yield asList(names!).map(asBytes)
  } while (cursor !== '0')
}

/** The text of a name; `undefined` = it is none. */
export function textOf(name: Uint8Array): string | undefined {
  try {
    return decoder.decode(name)
  } catch {
    return undefined
  }
}

/** Scans that remove all that a prefix covers (docs/decisions/0051-who-did-the-scans.md). */
export class PrefixScans {
  readonly #client: RedisClient
  readonly #names: KeyNames

  constructor(client: RedisClient, names: KeyNames) {
    this.#client = client
    this.#names = names
  }

  /** All that a prefix covers. `deletion` is a text that no other one has. @throws when the server changes meanwhile */
  async removeAll(prefix: string, deletion: string): Promise<Scanned> {
    const names = this.#names.partitions.map((partition) => this.#names.mark(partition, deletion))
    // Not before there is a connection at all: the first is no other than the one before.
    const masters = await this.#client.masters()
    let isAnother = false
    const stop = this.#client.onReconnect(() => {
      isAnother = true
    })
    try {
      const counts = await Promise.all(
        masters.map(async (master, index) =>
          this.#removeOn(master, names, `${deletion} ${index}`, `${deletion} done`, prefix),
        ),
      )
      if (isAnother) throw changed()
      const count = counts.reduce((sum, one) => sum + one, 0)
      return { count, deletion, mark: `${deletion} done` }
    } finally {
      stop()
    }
  }

  /** Shows every key with a lease or a value on the server of a partition, or every tag; answers its partitions. */
  async survey(
    partition: string,
    visit: (items: readonly string[]) => Promise<void>,
  ): Promise<readonly string[]> {
    const route = this.#names.sequence(partition)
    let isAnother = false
    const stop = this.#client.onReconnect(() => {
      isAnother = true
    })
    const show = async (pattern: string, itemOf: (name: string) => string | undefined): Promise<void> => {
      for await (const batch of scanNames(this.#client.connectionFor(route), pattern)) {
        const items = batch.flatMap((bytes) => {
          const name = textOf(bytes)
          return (name === undefined ? undefined : itemOf(name)) ?? []
        })
        if (items.length > 0) await visit(items)
        if (isAnother) throw changed()
      }
    }
    try {
      if (partition === this.#names.generationPartition) {
        await show(this.#names.tagPattern, (name) => this.#names.sideItemOf('tag', name))
        return [partition]
      }
      const own = this.#names.partitions.filter((other) =>
        this.#client.sharesServer(route, this.#names.sequence(other)),
      )
      await show(this.#names.pattern('lease', ''), (name) => this.#names.sideItemOf('lease', name))
      await show(this.#names.pattern('value', ''), (name) => this.#names.keyOf(name))
      return own
    } finally {
      stop()
    }
  }

  // Leases first: what is loaded in between must not be stored.
  async #removeOn(
    master: Connection,
    names: readonly string[],
    begun: string,
    done: string,
    prefix: string,
  ): Promise<number> {
    const before = await this.#mark(master, names, '', begun)
    await this.#remove(master, this.#names.pattern('lease', prefix), (name) => name)
    const count = await this.#remove(master, this.#names.pattern('value', prefix), (name) =>
      this.#names.isSideKey(name) ? undefined : name,
    )
    const after = await this.#mark(master, names, begun, done)
    if (before !== after) throw changed()
    return count
  }

  // Answers which of the server's connections it was; `undefined` when the user may not ask.
  async #mark(
    master: Connection,
    names: readonly string[],
    present: string,
    next: string,
  ): Promise<number | undefined> {
    const commands = [...this.#marks(names, present, next), { args: ['CLIENT', 'ID'] }]
    const replies = await master.runAll(commands, 'text')
    for (const marked of replies.slice(0, -1)) accept(marked)
    const id = replies.at(-1)!
    return id instanceof Error ? undefined : asNumber(id)
  }

  // A node of a cluster writes those of its own; an endpoint before several nodes has to be told each key.
  #marks(names: readonly string[], present: string, next: string): readonly Command[] {
    if (!this.#client.isCluster) return [{ script: mark, keys: names, args: [present, next] }]
    if (!this.#client.isOneEndpoint) return [{ script: mark, keys: [], args: [present, next, ...names] }]
    return names.map((name) => ({ script: mark, keys: [name], args: [present, next] }))
  }

  async #remove(
    master: Connection,
    pattern: string,
    choose: (name: Uint8Array) => Uint8Array | undefined,
  ): Promise<number> {
    let count = 0
    for await (const batch of scanNames(master, pattern)) {
      const names = batch.flatMap((name) => choose(name) ?? [])
      if (names.length === 0) continue
      for (const reply of await master.runAll(this.#unlinks(names), 'text')) count += asNumber(reply)
    }
    return count
  }

  // In a cluster, a command has keys of one partition.
  #unlinks(names: readonly Uint8Array[]): readonly Command[] {
    if (!this.#client.isCluster) return [{ args: ['UNLINK', ...names] }]
    const groups = groupBy(names, (name) => {
      const text = Buffer.from(name).toString('latin1')
      return text.slice(0, text.indexOf('}'))
    })
    return [...groups.values()].map((group) => ({ args: ['UNLINK', ...group.map(({ item }) => item)] }))
  }
}

function changed(): StoreUnavailableError {
  return new StoreUnavailableError('the server changed during a scan')
}
