import type { GenerationRecord, TagResult } from '../../core/remote/generations.ts'
import type { Reply } from '../connection/client.ts'
import type { Call } from './exchange.ts'
import type { KeyNames } from './key-names.ts'
import { readEpoch } from './log/log-format.ts'
import { readLogged, readPlace, type LoggedCalls } from './log/logged-calls.ts'
import { asList, asText } from './replies.ts'
import { generations } from '../scripts/log/generations.ts'
import { invalidateTags } from '../scripts/log/invalidate-tags.ts'

/** A call, and the reading of its reply. */
interface Question<T> {
  readonly call: Call
  read(reply: Reply): T
}

const LONGEST_MS = 2 ** 52

/** The generations of tags. */
export class TagRecords {
  /** The number of unreadable records. Each was replaced, which hides the entries of its tag. */
  unreadable = 0
  readonly #names: KeyNames
  readonly #logged: LoggedCalls
  readonly #sequence: string

  constructor(names: KeyNames, logged: LoggedCalls) {
    this.#names = names
    this.#logged = logged
    this.#sequence = names.sequence(names.generationPartition)
  }

  generations(
    tags: readonly string[],
    ifNone: readonly string[],
    livesMs: readonly number[],
  ): Question<readonly GenerationRecord[]> {
    const keys = [this.#sequence, ...tags.map((tag) => this.#names.tag(tag))]
    const args = tags.flatMap((_, index) => [ifNone[index]!, lifeText(livesMs[index]!)])
    return {
      call: { route: this.#sequence, command: { script: generations, keys, args } },
      read: (reply) => {
        const list = asList(reply)
        return tags.map((_, index) => {
          const [record, left, isReplaced, softened] = list.slice(index * 4)
          if (asText(isReplaced!) === '1') this.unreadable++
          return readRecord(asText(record!), Number(asText(left!)), Number(asText(softened!)))
        })
      },
    }
  }

  invalidate(tags: readonly string[], values: readonly string[], keepStale: boolean): Question<TagResult> {
    const command = this.#logged.command(
      invalidateTags,
      this.#names.generationPartition,
      tags.map((tag) => this.#names.tag(tag)),
      [keepStale ? '1' : '', ...tags.flatMap((tag, index) => [tag, values[index]!])],
    )
    return {
      call: { route: this.#sequence, command },
      read: (reply) => {
        const { epoch, list } = readLogged(reply)
        const result = {
          heads: tags.map((_, index) => readPlace(epoch, list[index * 3 + 3])?.head),
          former: tags.map((_, index) => asText(list[index * 3 + 2]!) || undefined),
        }
        if (!keepStale) return result
        return { ...result, generations: tags.map((_, index) => asText(list[index * 3 + 1]!)) }
      },
    }
  }
}

// A time longer than a server can count means for ever.
function lifeText(lifeMs: number): string {
  return lifeMs > LONGEST_MS ? '' : String(Math.ceil(lifeMs))
}

function readRecord(text: string, leftMs: number, softMs: number): GenerationRecord {
  const [, value, place, counter] = /^(\S+) (\d+ \S+ \d+) (\d+)$/.exec(text) ?? [text, text]
  const epoch = place === undefined ? undefined : readEpoch(place)
  return {
    value,
    ...(epoch !== undefined && { head: { epoch, counter: Number(counter) } }),
    remainingMs: leftMs < 0 ? Infinity : leftMs,
    ...(softMs >= 0 && { softenedMs: softMs }),
  }
}
