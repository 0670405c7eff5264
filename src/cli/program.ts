import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { EXIT, failureOf, type ExitCode } from './failure.ts'
import { Output, type Surroundings } from './output.ts'
import { connect, type ServerOptions } from './server.ts'
import { addDelete } from './commands/delete.ts'
import { addDoctor } from './commands/doctor.ts'
import { addGet } from './commands/get.ts'
import { addInspect } from './commands/inspect.ts'
import { addInvalidate } from './commands/invalidate.ts'
import { addKeys } from './commands/keys.ts'
import { addSimulate } from './commands/simulate.ts'
import { addStats } from './commands/stats.ts'
import { addTail } from './commands/tail.ts'
import { addTop } from './commands/top.ts'
import type { Host } from './host.ts'

const COMMANDS = [
  addDoctor,
  addKeys,
  addGet,
  addInspect,
  addDelete,
  addInvalidate,
  addStats,
  addTop,
  addTail,
  addSimulate,
] as const

/** Runs the program with its arguments (without `node` and the script) and returns its exit code. */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done
  const host: Host = {
    surroundings,
    add(parent, name, description, example) {
      return parent.command(name).description(description).addHelpText('after', `\nExample:\n  $ ${example}`)
    },
    addToServer(parent, name, description, example) {
      return host
        .add(parent, name, description, example)
        .option('-u, --url <url>', 'server; default: REDIS_URL, else redis://127.0.0.1:6379')
        .option('-p, --prefix <text>', "prefix of the cache's names", 'cachette:')
        .option('--one-slot', "the cache has layout: 'one-slot'")
        .option('--timeout <seconds>', 'the time that an answer may take', seconds, 5)
        .option('--json', 'JSON instead of text')
    },
    act(command, action) {
      command.action(async (...given: unknown[]) => {
        const options = given.at(-2) as { readonly json?: boolean }
        const act = action as unknown as (...all: readonly unknown[]) => Promise<ExitCode | void>
        const output = new Output(surroundings, options.json === true)
        exit = (await act(output, options, ...given.slice(0, -2))) ?? EXIT.done
      })
    },
    serve(command, action, check) {
      host.act<ServerOptions, readonly unknown[]>(command, async (output, options, ...values) => {
        const act = action as unknown as (...all: readonly unknown[]) => Promise<ExitCode | void>
        check?.(options as never)
        const server = await connect(options, surroundings.env)
        try {
          return await act(server, output, options, ...values)
        } finally {
          await server.close()
        }
      })
    },
  }
  const program = new Command('cachette')
    .description('Looks into the caches of a Redis or Valkey server, and changes them.')
    .version(surroundings.version)
    .exitOverride()
    .showHelpAfterError(false)
    .configureOutput({
      writeOut: (text) => void surroundings.out.write(text),
      writeErr: (text) => void surroundings.err.write(text),
      // A suggestion of another name comes on a line of its own.
      outputError: (text, write) =>
        write(
          `${text
            .replace(/^error: /, 'cachette: ')
            .trimEnd()
            .replaceAll('\n', ' ')}\n`,
        ),
      getOutHasColors: () => false,
    })
  for (const add of COMMANDS) add(program, host)
  try {
    if (argv.length === 0) {
      surroundings.out.write(program.helpInformation())
      return EXIT.usage
    }
    await program.parseAsync([...argv], { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    const failure = failureOf(error)
    surroundings.err.write(`cachette: ${failure.message}\n`)
    return failure.exit
  }
}

function seconds(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 3600) return value
  throw new InvalidArgumentError('A number of seconds above 0, at most 3600.')
}
