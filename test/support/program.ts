// The command line, bundled, so that a test can run it often.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { bundlePrograms } from './bundle.ts'
import { until } from './until.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** A way to run the program: with its output in a pipe, or in a pseudo-terminal. */
export type Place = 'pipe' | 'terminal'

/** The result of a run. In a terminal both outputs are one. */
export interface Ended {
  readonly exit: number | null
  readonly out: string
  readonly err: string
}

/** A run under way. */
export interface Running {
  readonly ended: Promise<Ended>
  /** Interrupts it as a person does. */
  interrupt(): void
  /** Types keys in its terminal. */
  type(keys: string): void
  /** Resolves when it has shown a text. */
  until(text: RegExp): Promise<void>
}

/** The program in a file of its own. */
export class Program {
  readonly file: string = bundlePrograms(MAIN)[0]!

  /** Begins to run it. */
  start(place: Place, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const command = [process.execPath, this.file, ...argv]
    // Node shows no colours to a pipeline.
    const { CI: _ci, FORCE_COLOR: _force, NO_COLOR: _no, REDIS_URL: _url, ...rest } = process.env
    const [first = '', ...others] =
      place === 'pipe' ? command : ['script', '-qec', command.map(quoted).join(' '), '/dev/null']
    const child = spawn(first, others, { env: { ...rest, ...env } })
    const texts = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text))
    const ended = once(child, 'close').then(([exit]) => ({
      exit: exit as number | null,
      out: texts.out.replaceAll('\r\n', '\n'),
      err: texts.err,
    }))
    const interrupt = (): void => void (place === 'pipe' ? child.kill('SIGINT') : child.stdin.write('\u0003'))
    const type = (keys: string): void => void child.stdin.write(keys)
    const shown = async (text: RegExp): Promise<void> => {
      await until(`the text ${String(text)}`, () => text.test(texts.out + texts.err))
    }
    return { ended, interrupt, type, until: shown }
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
