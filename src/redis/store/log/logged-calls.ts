import type { Random } from '../../../core/time/clock.ts'
import type { Epoch, Head } from '../../../core/remote/log.ts'
import type { Arg, Command, Reply, Script } from '../../connection/client.ts'
import type { KeyNames } from '../key-names.ts'
import { readEpoch } from './log-format.ts'
import { asList, asText } from '../replies.ts'

/** The settings of logs. */
export interface LogSettings {
  /** The maximum number of entries in a partition's log. */
  readonly limit: number
  /** Whether log entries are published, too. */
  readonly publish: boolean
}

/** The reply of a script that logs. */
export interface LoggedReply {
  readonly epoch: Epoch | undefined
  /** The whole reply, which begins with the epoch. */
  readonly list: readonly Reply[]
}

/** Makes calls of scripts that write a partition's log, with their common keys and arguments. */
export class LoggedCalls {
  readonly #names: KeyNames
  readonly #channel: string
  readonly #limit: string
  readonly #salt: string
  readonly #tails = new Map<string, string>()
  #count = 0

  constructor(names: KeyNames, settings: LogSettings, random: Random) {
    this.#names = names
    this.#channel = settings.publish ? names.channel : ''
    this.#limit = String(settings.limit)
    this.#salt = Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('.')
  }

  /** Returns a text that no other call in the world has. */
  unique(): string {
    return `${this.#salt}.${(++this.#count).toString(36)}`
  }

  /** Returns the keys and arguments that a call begins with. The caller adds its own. */
  begin(partition: string): { readonly keys: string[]; readonly args: Arg[] } {
    const { sequence, log } = this.#names.ofLog(partition)
    return { keys: [sequence, log], args: [partition, this.unique(), this.#channel, this.#limit] }
  }

  /** Returns all these arguments in one text, with the number of bytes before the key in the name of a value. */
  context(partition: string): string {
    let tail = this.#tails.get(partition)
    if (tail === undefined) {
      tail = ` ${partition} ${this.#limit} ${this.#names.keyOffset} ${this.#channel}`
      this.#tails.set(partition, tail)
    }
    return this.unique() + tail
  }

  command(script: Script, partition: string, keys: readonly string[], args: readonly Arg[]): Command {
    const first = this.begin(partition)
    return { script, keys: [...first.keys, ...keys], args: [...first.args, ...args] }
  }
}

/** Splits a reply into its parts. @throws the error that it is */
export function readLogged(reply: Reply): LoggedReply {
  const list = asList(reply)
  const epoch = asText(list[0] ?? '')
  return { epoch: epoch === '' ? undefined : readEpoch(epoch), list }
}

/** Returns the head of the log that a script tells, and whether its last entry is that of the operation. */
export function readPlace(
  epoch: Epoch | undefined,
  place: Reply | undefined,
): { readonly head: Head; readonly logged: boolean } | undefined {
  if (epoch === undefined) return undefined
  const [, sign, counter, stamp] = /^([+-])(\d+) (\S+)$/.exec(asText(place ?? '')) ?? []
  if (sign === undefined) return undefined
  return {
    head: { epoch, counter: Number(counter), stamp: stamp === '=' ? '' : stamp! },
    logged: sign === '+',
  }
}
