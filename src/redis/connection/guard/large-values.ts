import type { Command, Reply } from '../client.ts'

/** Bytes from which a value counts: any line carries less within the deadline. */
const LARGE = 65_536
/** How many names of large values are remembered. */
const MOST_NAMES = 1000
/** The most keys of a write whose large value is noted: one of many more is mostly of small values. */
const MOST_WRITTEN = 8

type Sized = { readonly length?: number } | string | number | null

/** How long large values take: sizes are known from a write, and of a read from what was answered for its name before. */
export class LargeValues {
  readonly bytesPerSecond: number
  readonly #sizes = new Map<string, number>()

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond
  }

  /** Milliseconds that so many bytes may take. */
  msFor(bytes: number): number {
    return (bytes / this.bytesPerSecond) * 1000
  }

  /** About the bytes that a command sends and receives; 0 = few. */
  bytesOf(command: Command): number {
    let bytes = 0
    for (const arg of command.args) bytes += arg.length
    for (const name of 'script' in command ? command.keys : command.args)
      if (typeof name === 'string') bytes += this.#sizes.get(name) ?? 0
    return bytes < LARGE ? 0 : bytes
  }

  /** Remembers the sizes of large values, whether they were answered in time or not; returns their bytes. */
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
