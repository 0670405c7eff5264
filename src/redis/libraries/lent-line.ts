import type { SubscriberLine } from './line.ts'
import { SwitchedLine } from './switched-line.ts'

/**
 * The connection of a client of the user, which is neither closed nor changed. A connection of this library's own
 * replaces it if it is silent, or leads to a server that was demoted.
 */
export class LentLine extends SwitchedLine {
  readonly #open: () => SubscriberLine
  #isLent = true

  /** `open` opens a connection of our own to the same address. */
  constructor(line: SubscriberLine, open: () => SubscriberLine) {
    super()
    this.#open = open
    this.switchTo(line)
  }

  // A client that its user has closed, or that is connecting, is left alone.
  override get reset(): (() => void) | undefined {
    if (!this.#isLent) return super.reset
    return this.isUp ? this.#replace : undefined
  }

  readonly #replace = (): void => {
    this.#isLent = false
    this.switchTo(this.#open())
  }
}
