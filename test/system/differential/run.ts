// Random calls on every engine: the same answers, or a difference that is listed.
import { SeededRandom } from '../../../src/testing/random.ts'
import type { ClientName } from '../../real/native-clients.ts'
import { compare, report, shrink } from './compare.ts'
import { openSession } from './engines.ts'
import { randomProgram } from './program.ts'

/** Calls on one set of caches. */
const SESSION_CALLS = 1_250

export interface RunOptions {
  readonly url: string
  readonly calls: number
  readonly seed: number
  readonly clients: readonly ClientName[]
  /** One program alone, as a report names it. */
  readonly only?: { readonly session: number; readonly program: number } | undefined
  /** Calls of a session; then the next client library has its turn. */
  readonly sessionCalls?: number
  /** Ends the run at so many differences. */
  readonly most?: number
  progress?(calls: number): void
  found?(difference: string): void
}

export interface RunResult {
  readonly calls: number
  readonly differences: readonly string[]
}

/** Plays so many calls, the client libraries in turn. */
export async function run({
  url,
  calls,
  seed,
  clients,
  only,
  sessionCalls = SESSION_CALLS,
  most = 5,
  ...hooks
}: RunOptions): Promise<RunResult> {
  const differences: string[] = []
  let made = 0
  for (let session = only?.session ?? 0; made < calls && differences.length < most; session++) {
    const client = clients[session % clients.length]!
    const seedOf = (program: number): number => seed * 1_000_003 + session * 1_009 + program
    await using opened = await openSession(new SeededRandom(seedOf(-1)), client, url, `s${seed}-${session}:`)
    const end = Math.min(calls, made + sessionCalls)
    const first = only?.program ?? 0
    const last = only?.program ?? Infinity
    for (let program = first; made < end && program <= last; program++) {
      const steps = randomProgram(new SeededRandom(seedOf(program)))
      made += steps.length
      const found = await compare(opened.subjects, steps)
      hooks.progress?.(made)
      if (found === undefined) continue
      const least = (await shrink(opened.subjects, steps)) ?? { steps, difference: found }
      const text = `${client}, session ${session}, program ${program}:\n${report(least.steps, least.difference)}`
      differences.push(text)
      hooks.found?.(text)
      if (differences.length >= most) break
    }
    if (only !== undefined) break
  }
  return { calls: made, differences }
}
