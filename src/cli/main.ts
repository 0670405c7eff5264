#!/usr/bin/env node
// The program `cachette`. Everything that belongs to a process is here: streams, signals, exit code.
import { createInterface } from 'node:readline/promises'
import { VERSION } from './version.ts'
import { EXIT } from './failure.ts'
import { run } from './program.ts'

const { stdin, stdout, stderr, env, argv } = process

// A reader such as `head` that has read enough is no failure.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.negative)
})
process.once('SIGINT', () => process.exit(EXIT.interrupted))

const canAsk = stdin.isTTY && stderr.isTTY
const running = run(argv.slice(2), {
  out: stdout,
  err: stderr,
  env,
  version: VERSION,
  isTerminal: stdout.isTTY === true,
  columns: stdout.columns,
  confirm: canAsk ? ask : undefined,
})
// The bundle is CommonJS, which has no `await` here.
void running.then((exit) => {
  // A connection that is given up may be under way for another ten seconds.
  stdout.write('', () => stderr.write('', () => process.exit(exit)))
})

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
