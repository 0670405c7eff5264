import { crc32 } from 'node:zlib'
import { isSideKey, type SideKind } from '../../keys/key.ts'

/** The partition of tags, which has no keys. */
const TAGS = '!tags'
const PARTITIONS_OF_CLUSTER = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'))

/**
 * The names on a server (docs/redis-keyspace.md). On one server the name of a value is the prefix and the key. In a
 * cluster the number of its partition is between them, in braces, so that everything of a partition is on one master.
 */
export class KeyNames {
  readonly #prefix: string
  readonly #leases: string
  readonly #floors: string
  readonly #known = new Map<string, { readonly sequence: string; readonly log: string }>()
  /** Whether keys are spread over several partitions. */
  readonly isSpread: boolean
  readonly partitions: readonly string[]
  readonly generationPartition: string = TAGS
  /** The number of bytes before the key in the name of a value. */
  readonly keyOffset: number
  /** The channel of the bus. It names the database, because all databases of a server share their channels. */
  readonly channel: string

  constructor(prefix: string, isCluster: boolean, database = 0) {
    this.#prefix = prefix
    this.#leases = `${prefix}!lease:`
    this.#floors = `${prefix}!floor:`
    this.isSpread = isCluster
    this.partitions = isCluster ? PARTITIONS_OF_CLUSTER : ['0']
    this.keyOffset = Buffer.byteLength(prefix) + (isCluster ? 4 : 0)
    this.channel = `${prefix}!bus:${database}`
  }

  partitionOf(key: string): string {
    return this.isSpread ? PARTITIONS_OF_CLUSTER[crc32(key) & 255]! : '0'
  }

  value(key: string): string {
    return this.#prefix + this.#rest(key)
  }

  /** Adds the names of a key's value and lease to `names`, and that of its floor if it is needed. */
  pushOf(key: string, partition: string, names: string[], hasFloor: boolean): void {
    const rest = this.#rest(key, partition)
    names.push(this.#prefix + rest, this.#leases + rest)
    if (hasFloor) names.push(this.#floors + rest)
  }

  /** Returns the name of a key's lease or cool-down. */
  lease(key: string): string {
    return this.#leases + this.#rest(key)
  }

  /** Returns the name of the least row version that the key may get. */
  floor(key: string): string {
    return this.#floors + this.#rest(key)
  }

  sequence(partition: string): string {
    return this.ofLog(partition).sequence
  }

  log(partition: string): string {
    return this.ofLog(partition).log
  }

  /** Returns the name of the id that tells these keys from keys of the same names on another server or database. */
  get fleet(): string {
    return this.#side('fleet', TAGS, '')
  }

  /** Returns a name, never stored, that the server of a partition is asked to write if it exists. */
  probe(partition: string): string {
    return this.#side('node', partition, '')
  }

  /** Returns the name of a numbered place for the figures of a process. */
  node(place: number): string {
    return this.#side('node', TAGS, String(place))
  }

  /** Returns the name of a tag's record. */
  tag(tag: string): string {
    return this.#side('tag', TAGS, tag)
  }

  /** Returns the name of a mark that scans have removed all keys of a prefix. Each deletion has a name of its own. */
  mark(partition: string, deletion: string): string {
    return this.#side('mark', partition, `${partition}:${deletion}`)
  }

  /** Returns the key of a value's name; `undefined` if it is no such name. */
  keyOf(name: string): string | undefined {
    const { length } = this.#prefix
    if (!name.startsWith(this.#prefix) || name.charAt(length) === '!' || isSideKey(name)) return undefined
    if (!this.isSpread) return name.slice(length)
    const key = name.slice(length + 4)
    return name === this.value(key) ? key : undefined
  }

  /** Returns the key of a lease's name, or the tag of a record's; `undefined` if it is no such name. */
  sideItemOf(kind: 'lease' | 'tag', name: string): string | undefined {
    const head = `${this.#prefix}!${kind}:`
    if (!name.startsWith(head)) return undefined
    if (!this.isSpread) return name.slice(head.length)
    const at = name.indexOf('}', head.length)
    return at === -1 ? undefined : name.slice(at + 1)
  }

  /** Returns the pattern with which `SCAN` finds the records of tags. */
  get tagPattern(): string {
    return `${escapeGlob(this.#side('tag', TAGS, ''))}*`
  }

  /** Returns the pattern with which `SCAN` finds the values, or the leases, of keys that begin with a literal text. */
  pattern(kind: 'value' | 'lease', keyPrefix: string): string {
    const tag = this.isSpread ? '{??}' : ''
    const head = kind === 'lease' ? `${this.#prefix}!lease:` : this.#prefix
    return `${escapeGlob(head)}${tag}${escapeGlob(keyPrefix)}*`
  }

  /** Whether a name that matches a pattern for values belongs to a side key, of this prefix or of a longer one. */
  isSideKey(name: Uint8Array): boolean {
    if (name[Buffer.byteLength(this.#prefix)] === 33) return true
    const text = Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1')
    return isSideKey(text)
  }

  /** Returns the names of a partition's sequence and log. They are kept, because every write needs them. */
  ofLog(partition: string): { readonly sequence: string; readonly log: string } {
    let known = this.#known.get(partition)
    if (known === undefined) {
      known = {
        sequence: this.#side('sequence', partition, partition),
        log: this.#side('log', partition, partition),
      }
      this.#known.set(partition, known)
    }
    return known
  }

  // Most servers need no partition.
  #rest(key: string, partition?: string): string {
    return this.isSpread ? `{${partition ?? this.partitionOf(key)}}${key}` : key
  }

  #side(kind: SideKind, partition: string, rest: string): string {
    return this.isSpread ? `${this.#prefix}!${kind}:{${partition}}${rest}` : `${this.#prefix}!${kind}:${rest}`
  }
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, String.raw`\$&`)
}
