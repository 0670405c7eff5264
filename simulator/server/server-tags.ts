import type { GenerationRecord, Generations, Head } from '../../src/core/remote-store.ts'
import type { Names } from '../world/names.ts'
import type { ServerLogs } from './server-logs.ts'

/** The partition in which changes of generations are logged. */
export const GENERATION_PARTITION = '!tags'

const LEAST_LIFE_MS = 60_000

type Kept = Omit<GenerationRecord, 'remainingMs'>

/** The generation records (`t:`) of a simulated server. */
export class ServerTags {
  readonly #names: Names
  readonly #logs: ServerLogs

  constructor(names: Names, logs: ServerLogs) {
    this.#names = names
    this.#logs = logs
  }

  /**
   * Returns the records of tags. A tag without a record gets its own of `ifNone`, which is not logged. Each record
   * lives for at least the requested time.
   */
  records(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
  ): readonly GenerationRecord[] {
    return tags.map((tag, index) => {
      const name = `t:${tag}`
      const record = this.#record(tag) ?? {
        value: ifNone[index]!,
        head: point(this.#logs.head(GENERATION_PARTITION)),
      }
      const remainingMs = Math.max(this.#names.remainingMs(name) ?? 0, livesMs[index]!)
      this.#names.set(name, record, remainingMs)
      return { ...record, remainingMs }
    })
  }

  /** Gives a tag another generation, hard or (`keepStale`) soft, and logs it. */
  invalidate(
    tag: string,
    given: string,
    keepStale: boolean,
    origin?: string,
  ): {
    readonly head: Head | undefined
    readonly value: string
    readonly former: string | undefined
  } {
    const present = this.#record(tag)
    const value = keepStale && present !== undefined ? raised(present.value) : given
    const head = this.#logs.append(GENERATION_PARTITION, 'tag', tag, origin)
    const neededMs = keepStale && present !== undefined ? this.#names.remainingMs(`t:${tag}`)! : 0
    this.#names.set(`t:${tag}`, { value, head: point(head) }, Math.max(neededMs, LEAST_LIFE_MS))
    return { head, value, former: present?.value }
  }

  /** Whether an entry that has these generations is fresh for reads that begin now. */
  agrees(generations: Generations = []): boolean {
    return generations.every(({ tag, value }) => this.#record(tag)?.value === value)
  }

  #record(tag: string): Kept | undefined {
    return this.#names.get(`t:${tag}`) as Kept | undefined
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
