/** The content of a name of a simulated server, and its end. */
export interface Item {
  readonly value: unknown
  readonly expiresAtMs: number
}

/**
 * The prefix of the judge's own names: the invalidations in this history of the server. They are copied and lost with
 * the data, and no client or node can see or evict them.
 */
export const LEDGER = '~'

/** The last entry of a partition's log that stands for the highest version of a key. */
interface Logged {
  /** The number of entries that had been logged with it, even if the log is gone. */
  readonly count: number
  readonly version: number
}

/** The names of a simulated server. It reports its changes, which are sent to replicas. */
export class Keyspace extends Map<string, Item> {
  /** The receiver of each change; `undefined` = the name was deleted. */
  onChange: ((name: string, item: Item | undefined) => void) | undefined

  override set(name: string, item: Item): this {
    super.set(name, item)
    this.onChange?.(name, item)
    return this
  }

  override delete(name: string): boolean {
    const existed = super.delete(name)
    if (existed) this.onChange?.(name, undefined)
    return existed
  }

  /** Returns the highest version of a key that was invalidated in this history. */
  invalidatedVersion(key: string): number {
    return (this.get(LEDGER + key)?.value ?? 0) as number
  }

  /** Notes that an invalidation of the key has been executed when the database had this version. */
  recordInvalidated(key: string, version: number): void {
    if (version > this.invalidatedVersion(key))
      this.set(LEDGER + key, { value: version, expiresAtMs: Infinity })
  }

  /** Whether the entry that had this stamp first was logged in this history. */
  hasLogged(stamp: string): boolean {
    return this.has(stampOf(stamp))
  }

  /**
   * Notes an entry that was logged in the partition and stands for the invalidation of these versions of keys. `stamp`
   * is its first stamp.
   */
  recordLogged(partition: string, versions: ReadonlyMap<string, number>, stamp: string): void {
    this.set(stampOf(stamp), { value: true, expiresAtMs: Infinity })
    const count = this.#logged(partition) + 1
    this.set(loggedIn(partition), { value: count, expiresAtMs: Infinity })
    for (const [key, version] of versions) {
      if (version < (this.#lastOf(partition, key)?.version ?? 0)) continue
      const logged: Logged = { count, version }
      this.set(loggedOf(partition, key), { value: logged, expiresAtMs: Infinity })
    }
  }

  /**
   * Returns the number of entries that were logged in this history after the last one that invalidated this version of
   * the key. Of several partitions the smallest number counts. `undefined`: no entry did.
   */
  loggedSince(partitions: readonly string[], key: string, version: number): number | undefined {
    const counts = partitions.flatMap((partition) => {
      const logged = this.#lastOf(partition, key)
      return logged === undefined || logged.version < version ? [] : [this.#logged(partition) - logged.count]
    })
    return counts.length === 0 ? undefined : Math.min(...counts)
  }

  #lastOf(partition: string, key: string): Logged | undefined {
    return this.get(loggedOf(partition, key))?.value as Logged | undefined
  }

  #logged(partition: string): number {
    return (this.get(loggedIn(partition))?.value ?? 0) as number
  }
}

function stampOf(stamp: string): string {
  return `${LEDGER}!${stamp}`
}

function loggedIn(partition: string): string {
  return `${LEDGER}#${partition}`
}

function loggedOf(partition: string, key: string): string {
  return `${LEDGER}#${partition}#${key}`
}
