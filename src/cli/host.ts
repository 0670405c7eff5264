import { InvalidArgumentError, type Command } from 'commander'
import type { ExitCode } from './failure.ts'
import type { Output, Surroundings } from './output.ts'
import type { Server, ServerOptions } from './server.ts'

/** The part of the program that commands are added to. */
export interface Host {
  readonly surroundings: Surroundings
  /** Adds a command. */
  add(parent: Command, name: string, description: string, example: string): Command
  /** Adds a command with the options of a server. */
  addToServer(parent: Command, name: string, description: string, example: string): Command
  /** Gives a command of {@link Host.add} its action, which gets the output, the options and the arguments. */
  act<Options extends object, Values extends readonly unknown[]>(
    command: Command,
    action: (output: Output, options: Options, ...values: Values) => Promise<ExitCode | void>,
  ): void
  /**
   * Gives a command of {@link Host.addToServer} its action. It gets a connected server, which is closed when the action
   * has ended, the options and the arguments. `check` refuses wrong options before anything is connected to.
   */
  serve<Options extends ServerOptions, Values extends readonly unknown[]>(
    command: Command,
    action: (server: Server, output: Output, options: Options, ...values: Values) => Promise<ExitCode | void>,
    check?: (options: Options) => void,
  ): void
}

/** The most seconds of an interval: a day. */
const LONGEST_INTERVAL = 86_400

/** Reads a whole number from 1. @throws InvalidArgumentError */
export function count(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('A whole number from 1.')
}

/** Reads a number of seconds that a timer can wait for. @throws InvalidArgumentError */
export function interval(text: string): number {
  const value = count(text)
  if (value <= LONGEST_INTERVAL) return value
  throw new InvalidArgumentError(`A whole number of seconds up to ${LONGEST_INTERVAL}.`)
}

/** Adds a value to those given before, for an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
