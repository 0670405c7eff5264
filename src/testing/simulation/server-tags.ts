import type { GenerationRecord, Generations, Head } from '../../core/remote-store.ts'
import type { Names } from './names.ts'
import type { ServerLogs } from './server-logs.ts'

/** The partition in which changes of generations are logged. */
export const GENERATION_PARTITION = '!tags'

const RECORD_LIFETIME_MS = 30 * 86_400_000

/** The generation records (`t:`) of a simulated server. */
export class ServerTags {
  readonly #names: Names
  readonly #logs: ServerLogs

  constructor(names: Names, logs: ServerLogs) {
    this.#names = names
    this.#logs = logs
  }

  /** The records of tags; one that has none gets its own of `ifNone`, and the log does not hear of it. */
  records(tags: readonly string[], ifNone: readonly string[]): readonly GenerationRecord[] {
    return tags.map((tag, index) => {
      const present = this.#record(tag)
      const record = present ?? { value: ifNone[index]!, head: point(this.#logs.head(GENERATION_PARTITION)) }
      this.#names.set(`t:${tag}`, record, RECORD_LIFETIME_MS)
      return record
    })
  }

  /** Gives a tag another generation, hard or (`keepStale`) soft, and logs it. */
  invalidate(
    tag: string,
    given: string,
    keepStale: boolean,
    origin?: string,
  ): { readonly head: Head | undefined; readonly value: string } {
    const present = this.#record(tag)
    const value = keepStale && present !== undefined ? raised(present.value) : given
    const head = this.#logs.append(GENERATION_PARTITION, 'tag', tag, origin)
    this.#names.set(`t:${tag}`, { value, head: point(head) }, RECORD_LIFETIME_MS)
    return { head, value }
  }

  /** Whether an entry that has these generations is fresh for everybody who asks now. */
  agrees(generations: Generations = []): boolean {
    return generations.every(({ tag, value }) => this.#record(tag)?.value === value)
  }

  #record(tag: string): GenerationRecord | undefined {
    return this.#names.get(`t:${tag}`) as GenerationRecord | undefined
  }
}

function point(head: Head | undefined): GenerationRecord['head'] {
  return head && { epoch: head.epoch, counter: head.counter }
}

// The last eight digits count soft invalidations.
function raised(value: string): string {
  const count = (Number.parseInt(value.slice(16), 16) + 1) % 2 ** 32
  return value.slice(0, 16) + count.toString(16).padStart(8, '0')
}
