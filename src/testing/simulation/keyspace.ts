/** What a name of a simulated server holds, and until when. */
export interface Item {
  readonly value: unknown
  readonly expiresAtMs: number
}

/**
 * Names that begin so are the judge's: what was invalidated in this history of the server. They are copied and
 * lost with the data, and nobody who plays can see or evict them.
 */
export const LEDGER = '~'

/** Everything a simulated server holds, and an ear for its changes: they are what replicas are sent. */
export class Keyspace extends Map<string, Item> {
  /** Hears of each change; `undefined` = the name was deleted. */
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

  /** The highest version of a key that was invalidated in this history. */
  invalidatedVersion(key: string): number {
    return (this.get(LEDGER + key)?.value ?? 0) as number
  }

  /** An invalidation of the key has been executed when the database had this version. */
  recordInvalidated(key: string, version: number): void {
    if (version > this.invalidatedVersion(key))
      this.set(LEDGER + key, { value: version, expiresAtMs: Infinity })
  }
}
