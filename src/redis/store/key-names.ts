import { crc32 } from 'node:zlib'
import { isSideKey, type SideKind } from '../../keys/key.ts'

/** The partition of tags: it has no keys. */
const TAGS = '!tags'
const PARTITIONS_OF_CLUSTER = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, '0'))

/**
 * How things are called on a server (docs/redis-keyspace.md). On one server a key is the prefix and the key as it is;
 * in a cluster the number of its partition is between them, in braces, so that what belongs to a partition is on one
 * master.
 */
export class KeyNames {
  readonly #prefix: string
  readonly #leases: string
  readonly #floors: string
  readonly #isCluster: boolean
  readonly #known = new Map<string, { readonly sequence: string; readonly log: string }>()
  readonly partitions: readonly string[]
  readonly generationPartition: string = TAGS
  /** Bytes before the key in the name of a value. */
  readonly keyOffset: number
  /** The channel of the bus: of this database alone, since what is published is heard in all of a server. */
  readonly channel: string

  constructor(prefix: string, isCluster: boolean, database = 0) {
    this.#prefix = prefix
    this.#leases = `${prefix}!lease:`
    this.#floors = `${prefix}!floor:`
    this.#isCluster = isCluster
    this.partitions = isCluster ? PARTITIONS_OF_CLUSTER : ['0']
    this.keyOffset = Buffer.byteLength(prefix) + (isCluster ? 4 : 0)
    this.channel = `${prefix}!bus:${database}`
  }

  partitionOf(key: string): string {
    return this.#isCluster ? PARTITIONS_OF_CLUSTER[crc32(key) & 255]! : '0'
  }

  value(key: string): string {
    return this.#isCluster ? `${this.#prefix}{${this.partitionOf(key)}}${key}` : this.#prefix + key
  }

  /** Whether keys are spread over several partitions. */
  get isSpread(): boolean {
    return this.#isCluster
  }

  /** Adds the names of a key's value, lease and floor to `names`: part of every write. */
  pushOf(key: string, partition: string, names: string[]): void {
    const rest = this.#isCluster ? `{${partition}}${key}` : key
    names.push(this.#prefix + rest, this.#leases + rest, this.#floors + rest)
  }

  /** Who may fill the key, or why nobody may. */
  lease(key: string): string {
    return this.#side('lease', this.partitionOf(key), key)
  }

  /** The least row version that the key may get. */
  floor(key: string): string {
    return this.#side('floor', this.partitionOf(key), key)
  }

  sequence(partition: string): string {
    return this.#logNames(partition).sequence
  }

  log(partition: string): string {
    return this.#logNames(partition).log
  }

  /** Tells these keys from those of the same names on another server or database. */
  get fleet(): string {
    return this.#side('fleet', TAGS, '')
  }

  /** The generation of a tag. */
  tag(tag: string): string {
    return this.#side('tag', TAGS, tag)
  }

  /** That scans have removed what a prefix covers: a name of its own for each deletion. */
  mark(partition: string, deletion: string): string {
    return this.#side('mark', partition, `${partition}:${deletion}`)
  }

  /** The key of a value's name; `undefined` when it is none of ours. */
  keyOf(name: string): string | undefined {
    const { length } = this.#prefix
    if (!name.startsWith(this.#prefix) || name.charAt(length) === '!' || isSideKey(name)) return undefined
    if (!this.#isCluster) return name.slice(length)
    const key = name.slice(length + 4)
    return name === this.value(key) ? key : undefined
  }

  /** The key of a lease's name, or the tag of a record's; `undefined` when it is none of ours. */
  sideItemOf(kind: 'lease' | 'tag', name: string): string | undefined {
    const head = `${this.#prefix}!${kind}:`
    if (!name.startsWith(head)) return undefined
    if (!this.#isCluster) return name.slice(head.length)
    const at = name.indexOf('}', head.length)
    return at === -1 ? undefined : name.slice(at + 1)
  }

  /** What `SCAN` must match for the records of tags. */
  get tagPattern(): string {
    return `${escapeGlob(this.#side('tag', TAGS, ''))}*`
  }

  /** What `SCAN` must match for the values, or the leases, of keys that begin with a literal text. */
  pattern(kind: 'value' | 'lease', keyPrefix: string): string {
    const tag = this.#isCluster ? '{??}' : ''
    const head = kind === 'lease' ? `${this.#prefix}!lease:` : this.#prefix
    return `${escapeGlob(head)}${tag}${escapeGlob(keyPrefix)}*`
  }

  /** Whether a name that a pattern for values has matched is of a side key: of this prefix, or of one that begins with it. */
  isSideKey(name: Uint8Array): boolean {
    if (name[Buffer.byteLength(this.#prefix)] === 33) return true
    const text = Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1')
    return isSideKey(text)
  }

  // They are part of every write.
  #logNames(partition: string): { readonly sequence: string; readonly log: string } {
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

  #side(kind: SideKind, partition: string, rest: string): string {
    return this.#isCluster
      ? `${this.#prefix}!${kind}:{${partition}}${rest}`
      : `${this.#prefix}!${kind}:${rest}`
  }
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, String.raw`\$&`)
}
