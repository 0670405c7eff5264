import type { Random } from '../core/clock.ts'
import type { Epoch, Head } from '../core/remote-store.ts'
import type { Arg, Command, Reply, Script } from './client.ts'
import type { KeyNames } from './key-names.ts'
import { readEpoch } from './log-format.ts'
import { asList, asText } from './replies.ts'

/** Settings of what scripts log. */
export interface LogSettings {
  /** The most entries of a partition's log. */
  readonly limit: number
  /** Whether what is logged is published, too. */
  readonly publish: boolean
}

/** What a script that logs has answered. */
export interface LoggedReply {
  readonly epoch: Epoch | undefined
  readonly rest: readonly Reply[]
}

/** Calls of scripts that write a partition's log: what all of them are given, and answer. */
export class LoggedCalls {
  readonly #names: KeyNames
  readonly #settings: LogSettings
  readonly #salt: string
  #count = 0

  constructor(names: KeyNames, settings: LogSettings, random: Random) {
    this.#names = names
    this.#settings = settings
    this.#salt = Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32).toString(36)).join('.')
  }

  /** A text that no other call in the world has. */
  unique(): string {
    return `${this.#salt}.${(++this.#count).toString(36)}`
  }

  /** A generation that no tag has had. */
  generation(random: Random): string {
    const half = (): string =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return `${half()}${half()}00000000`
  }

  command(script: Script, partition: string, keys: readonly string[], args: readonly Arg[]): Command {
    const { limit, publish } = this.#settings
    return {
      script,
      keys: [this.#names.sequence(partition), this.#names.log(partition), ...keys],
      args: [partition, this.unique(), publish ? this.#names.channel : '', String(limit), ...args],
    }
  }
}

/** Takes an answer apart. @throws the error that it is */
export function readLogged(reply: Reply): LoggedReply {
  const [epoch, ...rest] = asList(reply)
  return { epoch: readEpoch(asText(epoch ?? '')), rest }
}

/** Where the log was, as a script tells it, and whether its last entry is that of the operation. */
export function readPlace(
  epoch: Epoch | undefined,
  place: Reply | undefined,
): { readonly head: Head; readonly logged: boolean } | undefined {
  const [, sign, counter, stamp] = /^([+-])(\d+) (\S+)$/.exec(asText(place ?? '')) ?? []
  if (epoch === undefined || sign === undefined) return undefined
  return {
    head: { epoch, counter: Number(counter), stamp: stamp === '=' ? '' : stamp! },
    logged: sign === '+',
  }
}
