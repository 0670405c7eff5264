import type { Command, Reply } from '../client.ts'

/** The bytes from which a value counts as large. Any line carries less within the deadline. */
const LARGE = 65_536
/** The number of names of large values that are remembered. */
const MOST_NAMES = 1000
/** The maximum number of keys of a write whose large value is noted. A write of many more has mostly small values. */
const MOST_WRITTEN = 8

type Sized = { readonly length?: number } | string | number | null

/**
 * The times of large values. The size of a write is known. The size of a read is taken from the last reply for its
 * name.
 */
export class LargeValues {
  readonly bytesPerSecond: number
  readonly #sizes = new Map<string, number>()

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond
  }

  /** Returns the milliseconds that these bytes may take. */
  msFor(bytes: number): number {
    return (bytes / this.bytesPerSecond) * 1000
  }

  /** Returns about the bytes that a command sends and receives; 0 = few. */
  bytesOf(command: Command): number {
    let bytes = 0
    for (const arg of command.args) bytes += arg.length
    for (const name of 'script' in command ? command.keys : command.args)
      if (typeof name === 'string') bytes += this.#sizes.get(name) ?? 0
    return bytes < LARGE ? 0 : bytes
  }

  /** Remembers the sizes of large values, answered in time or not, and returns their bytes. */
  note(command: Command, reply: Reply): number {
    let answered = 0
    const isScript = 'script' in command
    const names = isScript ? command.keys : command.args
    const first = isScript ? 0 : 1
    if (Array.isArray(reply)) {
      for (let at = 0; at < reply.length; at++) {
        const bytes = lengthOf(reply[at] as Sized)
        if (bytes < LARGE) continue
        answered += bytes
        this.#put(names[first + at] ?? names[first], bytes)
      }
    } else if (lengthOf(reply as Sized) >= LARGE) {
      answered = lengthOf(reply as Sized)
      this.#put(names[first], answered)
    }
    for (const { length } of command.args) {
      if (length < LARGE) continue
      answered += length
      if (names.length <= MOST_WRITTEN)
        for (const name of isScript ? names : names.slice(1, 2)) this.#put(name, length)
    }
    return answered
  }

  #put(name: Command['args'][number] | undefined, bytes: number): void {
    if (typeof name !== 'string') return
    this.#sizes.delete(name)
    this.#sizes.set(name, bytes)
    if (this.#sizes.size <= MOST_NAMES) return
    for (const oldest of this.#sizes.keys()) {
      this.#sizes.delete(oldest)
      return
    }
  }
}

function lengthOf(reply: Sized): number {
  return reply === null || typeof reply === 'number' ? 0 : (reply.length ?? 0)
}
