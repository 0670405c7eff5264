import { FAMILY, MOST_BYTES_OF_RECORD } from './format.ts'

const CHUNK = 65_536
const NAME_BYTES = 1024

/** Collects records and gives them away in chunks. */
export class RecordWriter {
  readonly #give: (chunk: Uint8Array) => void
  readonly #families = new Map<string, number>()
  readonly #encoder = new TextEncoder()
  #buffer = new Uint8Array(CHUNK)
  #end = 0
  #lastMs: number

  constructor(nowMs: number, give: (chunk: Uint8Array) => void) {
    this.#give = give
    this.#lastMs = nowMs
  }

  /** Adds a record of a key. */
  key(kind: number, family: string, hash: number, nowMs: number): void {
    const number = this.#families.get(family) ?? this.#define(family)
    this.#room(MOST_BYTES_OF_RECORD)
    this.#buffer[this.#end++] = kind
    this.#number(number)
    for (let shift = 0; shift < 32; shift += 8) this.#buffer[this.#end++] = hash >>> shift
    const sinceMs = Math.max(0, Math.round(nowMs - this.#lastMs))
    this.#lastMs += sinceMs
    this.#number(sinceMs)
  }

  /** Adds the record of a value. */
  value(
    kind: number,
    family: string,
    hash: number,
    nowMs: number,
    of: { readonly bytes: number; readonly costMs: number; readonly ttlMs: number },
  ): void {
    this.key(kind, family, hash, nowMs)
    this.#number(of.bytes)
    this.#number(Math.round(of.costMs * 1000))
    this.#number(of.ttlMs === Infinity ? 0 : Math.round(of.ttlMs) + 1)
  }

  /** Gives away what was collected since the last chunk. */
  flush(): void {
    if (this.#end === 0) return
    const chunk = this.#buffer.subarray(0, this.#end)
    this.#buffer = new Uint8Array(CHUNK)
    this.#end = 0
    this.#give(chunk)
  }

  #define(family: string): number {
    const number = this.#families.size
    this.#families.set(family, number)
    const name = this.#encoder.encode(family).subarray(0, NAME_BYTES)
    this.#room(MOST_BYTES_OF_RECORD + name.length)
    this.#buffer[this.#end++] = FAMILY
    this.#number(number)
    this.#number(name.length)
    this.#buffer.set(name, this.#end)
    this.#end += name.length
    return number
  }

  #room(bytes: number): void {
    if (this.#end + bytes > CHUNK) this.flush()
  }

  #number(value: number): void {
    let rest = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, value))
    while (rest >= 128) {
      this.#buffer[this.#end++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#end++] = rest
  }
}
