#!/usr/bin/env node
// The program `cachette`. Everything that belongs to a process is here: streams, signals, exit code.
import { createInterface } from 'node:readline/promises'
import { VERSION } from './version.ts'
import { EXIT } from './failure.ts'
import { run } from './program.ts'

const { stdin, stdout, stderr, env, argv } = process

// A reader such as `head` that has read enough is no failure.
for (const stream of [stdout, stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
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
  isErrTerminal: stderr.isTTY === true,
  confirm: canAsk ? ask : undefined,
})
// The bundle is CommonJS, which has no `await` here.
void running.then((exit) => {
  // A connection that is given up may be under way for another ten seconds.
  stdout.write('', () => stderr.write('', () => process.exit(exit)))
})

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr })
  const ending = new AbortController()
  // Without these a person who leaves the question waits for ever: the interface takes the keys and answers nothing.
  lines.once('SIGINT', () => process.exit(EXIT.interrupted))
  lines.once('close', () => ending.abort())
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: ending.signal })
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    stderr.write('\n')
    return false
  } finally {
    lines.close()
  }
}
