import { isCacheError } from '../core/errors.ts'
import { messageOf } from '../core/logging/thrown.ts'

/**
 * The exit codes: done, a negative answer (no such key, a problem found), wrong use, no connection, interrupted by the
 * person.
 */
export const EXIT = { done: 0, negative: 1, usage: 2, unreachable: 3, interrupted: 130 } as const

/** An exit code of the program. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A failure with its exit code, whose message is the one line that a person reads. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitCode

  constructor(exit: ExitCode, message: string) {
    super(message)
    this.exit = exit
  }
}

/** Returns the failure that an error means. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  const message = messageOf(error).split('\n')[0]!
  const isUse = isCacheError(error) && (error.code === 'ERR_CACHE_OPTIONS' || error.code === 'ERR_CACHE_KEY')
  return new Failure(isUse ? EXIT.usage : EXIT.unreachable, message)
}

/** Returns the failure of a change that the server has not acknowledged. This process will not repeat it. */
export function notAcknowledged(): Failure {
  return new Failure(EXIT.unreachable, 'the server has not acknowledged the change, which may be lost')
}
