import type { EpochId } from './remote-store.ts'

/** How far a reader's node must have come in a partition's log. */
export interface TokenPart {
  readonly partition: string
  readonly epoch: EpochId
  readonly counter: number
}

/** The token of a store that belongs to one process: whoever reads there sees what is valid. */
export const NO_TOKEN = ''

/** The token of what no server has confirmed: nobody has reached it, so that whoever reads with it asks the server. */
export const UNREACHED_TOKEN = '?'

/** The token of operations after which the logs were there; a head that is missing makes it one that nobody reaches. */
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

/** A token that is reached when all of them are: what was invalidated before any of them was made is not read. */
export function mergeTokens(...tokens: readonly string[]): string {
  return [...new Set(tokens.flatMap((token) => (token === NO_TOKEN ? [] : token.split(','))))].join(',')
}

/** What a token asks for; `undefined` when it is none of ours, or nobody can reach it. */
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
