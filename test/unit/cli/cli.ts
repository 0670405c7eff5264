// The command line in this process, with its output in memory.
import { run } from '../../../src/cli/program.ts'
import type { Surroundings } from '../../../src/cli/output.ts'

export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
  /** Returns the documents of `--json`. */
  json(): readonly unknown[]
}

/** Runs a command as in a pipe, unless the surroundings say otherwise. */
export async function cachette(argv: readonly string[], given: Partial<Surroundings> = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const exit = await run(argv, {
    env: {},
    version: '1.2.3',
    isTerminal: false,
    ...given,
    out: { write: (text) => void (out += text) },
    err: { write: (text) => void (err += text) },
  })
  return {
    exit,
    out,
    err,
    json: () =>
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
  }
}
