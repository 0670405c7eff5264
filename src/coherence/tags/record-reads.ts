import type { GenerationRecord } from '../../core/remote/generations.ts'
import type { NodeState } from '../node-state.ts'
import type { KnownRecord, Lives } from './generation-table.ts'

/** The number of tags that one question asks for before the next one begins, because a script holds up the server. */
const MOST_TAGS = 500

/** Records by their tags. */
export type Records = ReadonlyMap<string, KnownRecord>

/** A question that is put at the end of the turn. */
interface Question {
  readonly untilMs: number
  /** The milliseconds for which the records are needed. */
  readonly lives: Map<string, number>
  readonly answer: Promise<Records>
}

/**
 * Reads the records of tags on the server. All that is asked for in one turn by one deadline is one question, because
 * each entry of a `getMany` asks for its own tags, and most of them bear the same.
 */
export class RecordReads {
  readonly #state: NodeState
  #open: Question | undefined = undefined

  constructor(state: NodeState) {
    this.#state = state
  }

  /**
   * Returns the records of these tags, and perhaps of others, as they were after this call. The table takes those to
   * whose tag nothing happened meanwhile. @throws if they can't be read by `untilMs`.
   */
  read(tags: readonly string[], untilMs: number, wanted?: Lives): Promise<Records> {
    let question = this.#open
    if (question === undefined || question.untilMs !== untilMs || question.lives.size >= MOST_TAGS)
      question = this.#begin(untilMs)
    const { lives } = question
    for (const tag of tags) lives.set(tag, Math.max(lives.get(tag) ?? 0, wanted?.get(tag) ?? 0))
    return question.answer
  }

  #begin(untilMs: number): Question {
    const lives = new Map<string, number>()
    const answer = Promise.resolve().then(() => {
      if (this.#open === question) this.#open = undefined
      return this.#ask(lives, untilMs)
    })
    const question: Question = { untilMs, lives, answer }
    this.#open = question
    return question
  }

  async #ask(lives: Lives, untilMs: number): Promise<Records> {
    const { remote, clock, time, settings, table } = this.#state
    const tags = [...lives.keys()]
    const startedAtMs = clock.now()
    const read = table.reading(tags)
    let records: readonly GenerationRecord[] = []
    try {
      records = await remote.generations(
        tags,
        tags.map(() => table.draw()),
        // Twice as long as needed, so that a tag in use is asked for once in the life of its entries. A load can keep a
        // record that lives as long as its lease.
        tags.map((tag) => Math.max(2 * lives.get(tag)!, settings.leaseMs)),
        time.left(untilMs),
      )
    } finally {
      table.took(read, records, startedAtMs)
    }
    return new Map(
      tags.map((tag, index) => {
        const queued = table.queue.get(tag)
        return [tag, queued === undefined ? records[index]! : { value: queued.generation }]
      }),
    )
  }
}
