import { OptionsError } from './errors.ts'
import { inspect } from './logging/inspect.ts'
import type { EpochId } from './remote/log.ts'

/** The position that a reader's node must have reached in a partition's log. */
export interface TokenPart {
  readonly partition: string
  readonly epoch: EpochId
  readonly counter: number
}

/** The token of a store that belongs to one process. Its readers always see the valid state. */
export const NO_TOKEN = ''

/** The token of an operation that no server has confirmed. No node has reached it, so reads with it ask the server. */
export const UNREACHED_TOKEN = '?'

/** Returns the token of operations, from the heads of their logs. If a head is missing, no node can reach the token. */
export function tokenOf(
  parts: readonly {
    readonly partition: string
    readonly head: Pick<TokenPart, 'epoch' | 'counter'> | undefined
  }[],
): string {
  const furthest = new Map<string, string>()
  const counters = new Map<string, number>()
  for (const { partition, head } of parts) {
    if (head === undefined) return UNREACHED_TOKEN
    const { epoch, counter } = head
    const line = [partition, epoch.ordinal, epoch.random].map((text) => encodeURIComponent(text)).join('/')
    if (counter < (counters.get(line) ?? -1)) continue
    counters.set(line, counter)
    furthest.set(line, `${line}/${counter}`)
  }
  return [...furthest.values()].join(',')
}

/**
 * Returns a token that is reached if all of `tokens` are. A read with it returns nothing that was invalidated before
 * any of them was made.
 * @throws OptionsError for anything but text.
 */
export function mergeTokens(...tokens: readonly string[]): string {
  for (const token of tokens)
    if (typeof token !== 'string') throw new OptionsError(`mergeTokens: ${inspect(token)} is not a token`)
  return [...new Set(tokens.flatMap((token) => (token === NO_TOKEN ? [] : token.split(','))))].join(',')
}

/** Returns the positions in a token, or `undefined` if it is not one of ours or no node can reach it. */
export function readToken(token: string): readonly TokenPart[] | undefined {
  if (token === NO_TOKEN) return []
  const parts: TokenPart[] = []
  for (const part of token.split(',')) {
    const [, partition, ordinal, random, counter] =
      /^([\w!.~*'()%-]+)\/(\d{1,15})\/([\w!.~*'()%-]*)\/(\d{1,15})$/.exec(part) ?? []
    if (partition === undefined) return undefined
    try {
      const epoch = { ordinal: Number(ordinal), random: decodeURIComponent(random!) }
      parts.push({ partition: decodeURIComponent(partition), epoch, counter: Number(counter) })
    } catch {
      return undefined
    }
  }
  return parts
}
