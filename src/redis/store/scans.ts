import { TextDecoder } from 'node:util'
import { StoreUnavailableError } from '../../core/errors.ts'
import type { Command, Connection, RedisClient } from '../connection/client.ts'
import { groupBy } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { accept, asBytes, asList, asNumber, asText } from './replies.ts'
import { mark } from '../scripts/log/mark.ts'

/** The number of keys that a server looks at in one step. */
const COUNT = '1000'
/** The decoder of names. A name that is no well-formed text is none of ours. */
const decoder = new TextDecoder('utf-8', { fatal: true })

/** The result of scans that removed keys. */
export interface Scanned {
  readonly count: number
  /** The deletion's own text, which names its marks. */
  readonly deletion: string
  /** The content of a partition's mark if the scans were complete, and on one server. */
  readonly mark: string
}

/** Yields the names that match a pattern, in batches. It finds each name that exists throughout, perhaps twice. */
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

/** Returns the text of a name; `undefined` if it is no text. */
export function textOf(name: Uint8Array): string | undefined {
  try {
    return decoder.decode(name)
  } catch {
    return undefined
  }
}

/** Scans that remove all keys of a prefix (docs/decisions/0051-who-did-the-scans.md). */
export class PrefixScans {
  readonly #client: RedisClient
  readonly #names: KeyNames

  constructor(client: RedisClient, names: KeyNames) {
    this.#client = client
    this.#names = names
  }

  /** Removes all keys of a prefix. No other deletion has this `deletion`. @throws if the server changes meanwhile */
  async removeAll(prefix: string, deletion: string): Promise<Scanned> {
    const names = this.#names.partitions.map((partition) => this.#names.mark(partition, deletion))
    // Listens only when there is a connection, because the first one is no change of servers.
    const masters = await this.#client.masters()
    let isAnother = false
    const stop = this.#client.onReconnect(() => {
      isAnother = true
    })
    try {
      const begun = (index: number): string => `${deletion} ${index}`
      // First on all of them, because nothing need be scanned if one of them is away.
      const ids = await Promise.all(
        masters.map(async (master, index) => this.#mark(master, names, '', begun(index))),
      )
      const counts = await Promise.all(
        masters.map(async (master, index) => {
          const count = await this.#removeOn(master, prefix)
          const id = await this.#mark(master, names, begun(index), `${deletion} done`)
          if (id !== ids[index]) throw changed()
          return count
        }),
      )
      if (isAnother) throw changed()
      const count = counts.reduce((sum, one) => sum + one, 0)
      return { count, deletion, mark: `${deletion} done` }
    } finally {
      stop()
    }
  }

  /**
   * Shows `visit` each key with a lease or a value on the server of a partition, or each tag. Returns its partitions.
   */
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

  // Removes leases first, so that no value that is loaded meanwhile is stored.
  async #removeOn(master: Connection, prefix: string): Promise<number> {
    await this.#remove(master, this.#names.pattern('lease', prefix), (name) => name)
    return this.#remove(master, this.#names.pattern('value', prefix), (name) =>
      this.#names.isSideKey(name) ? undefined : name,
    )
  }

  // Returns the id of the connection on the server; `undefined` if the user may not ask.
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

  // A node of a cluster writes its own marks. An endpoint before several nodes needs a command for each key.
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

  // In a cluster a command has keys of one partition only.
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
