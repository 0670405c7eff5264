import type { CallOutcome } from '../../core/observing/events.ts'
import type { Observer } from '../../core/observing/observer.ts'
import type { Clock } from '../../core/time/clock.ts'
import { StoreTimeoutError, StoreUnavailableError } from '../../core/errors.ts'
import { nameOf, type Command, type Connection, type Reply, type ReplyForm } from './client.ts'

/** A connection that tells an observer of its calls when they have ended, in the async context of their caller. */
export class ObservedConnection implements Connection {
  readonly #connection: Connection
  readonly #observer: Observer
  readonly #clock: Clock

  constructor(connection: Connection, observer: Observer, clock: Clock) {
    this.#connection = connection
    this.#observer = observer
    this.#clock = clock
  }

  get server(): object {
    return this.#connection.server
  }

  get node(): string {
    return this.#connection.node ?? ''
  }

  run(command: Command, form: ReplyForm, withinMs?: number): Promise<Reply> {
    return this.#told([command], this.#connection.run(command, form, withinMs), (reply) => [reply])
  }

  runAll(commands: readonly Command[], form: ReplyForm, withinMs?: number): Promise<readonly Reply[]> {
    return this.#told(commands, this.#connection.runAll(commands, form, withinMs), (replies) => replies)
  }

  async #told<T>(
    commands: readonly Command[],
    answer: Promise<T>,
    repliesOf: (answer: T) => readonly Reply[],
  ): Promise<T> {
    const beganMs = this.#clock.now()
    const tell = (outcome: CallOutcome, error?: unknown): void => {
      const operation = commands.length === 0 ? '' : nameOf(commands[0]!)
      const durationMs = this.#clock.now() - beganMs
      const about = { operation, node: this.node, commands: commands.length, durationMs, outcome }
      this.#observer.call?.(error === undefined ? about : { ...about, error })
    }
    try {
      const settled = await answer
      const error = repliesOf(settled).find((reply) => reply instanceof Error)
      tell(error === undefined ? 'ok' : 'refused', error)
      return settled
    } catch (error) {
      tell(outcomeOf(error), error)
      throw error
    }
  }
}

// A reason is known if the server has answered, or if it would not be asked because of an earlier answer.
function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof StoreTimeoutError) return 'timeout'
  return error instanceof StoreUnavailableError && error.reason === 'unavailable' ? 'unavailable' : 'refused'
}
