import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** Longest time that the condition may take; 20,000 by default. */
  readonly timeoutMs?: number
  /** Pause between two looks; 10 by default. */
  readonly everyMs?: number
}

/**
 * Polls until the condition answers something other than `false` or `undefined`, and returns that. A throw counts as
 * `false`.
 */
export async function until<T>(
  what: string,
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  { timeoutMs = 20_000, everyMs = 10 }: UntilOptions = {},
): Promise<T> {
  let last: unknown
  const timeout = new AbortController()
  const poll = async (): Promise<T | undefined> => {
    while (!timeout.signal.aborted) {
      try {
        const result = await condition()
        if (result !== false && result !== undefined) return result
        last = result
      } catch (error) {
        last = error
      }
      await sleep(everyMs)
    }
    return undefined
  }
  // A condition that never answers must not outlast its time either.
  const deadline = sleep(timeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined)
  const result = await Promise.race([poll(), deadline])
  timeout.abort()
  if (result === undefined) throw new Error(`Waited ${timeoutMs} ms for: ${what}`, { cause: last })
  return result
}
