import type { GenerationRecord, Generations } from '../../src/core/remote/generations.ts'
import type { Head } from '../../src/core/remote/log.ts'
import type { Names } from '../world/names.ts'
import type { ServerLogs } from './server-logs.ts'

/** The partition in which changes of generations are logged. */
export const GENERATION_PARTITION = '!tags'

const LEAST_LIFE_MS = 60_000

type Kept = Pick<GenerationRecord, 'value' | 'head'>

const TICKS = 2 ** 32

/** The generation records (`t:`) of a simulated server. */
export class ServerTags {
  readonly #names: Names
  readonly #logs: ServerLogs

  readonly #now: () => number

  constructor(names: Names, logs: ServerLogs, now: () => number) {
    this.#names = names
    this.#logs = logs
    this.#now = now
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
      const ageMs = softenedMs(record.value, this.#now())
      return { ...record, remainingMs, ...(ageMs !== undefined && { softenedMs: ageMs }) }
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
    const value = keepStale && present !== undefined ? softened(present.value, this.#now()) : given
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

function ticksAt(nowMs: number): number {
  return Math.floor(nowMs / 100) % TICKS
}

function softOf(value: string): number {
  return Number.parseInt(value.slice(16), 16)
}

// The last eight digits are the time of the soft invalidation, but never one that the tag has had.
function softened(value: string, nowMs: number): string {
  const soft = softOf(value)
  const ticks = ticksAt(nowMs)
  const isLater = ticks > 0 && (soft === 0 || (ticks - soft - 1 + TICKS) % TICKS < TICKS / 2)
  const next = isLater ? ticks : (soft + 1) % TICKS
  return value.slice(0, 16) + next.toString(16).padStart(8, '0')
}

function softenedMs(value: string, nowMs: number): number | undefined {
  const soft = softOf(value)
  if (soft === 0) return undefined
  const ticks = (ticksAt(nowMs) - soft + TICKS) % TICKS
  return ticks < TICKS / 2 ? ticks * 100 + (Math.floor(nowMs) % 100) : 0
}
