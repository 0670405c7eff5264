import type { SubscriberLine } from './line.ts'
import { SwitchedLine } from './switched-line.ts'

/**
 * The connection of a client that was given, which is neither closed nor changed. If it is silent, or leads to a server
 * that was demoted, a connection of this library's own takes its place.
 */
export class LentLine extends SwitchedLine {
  readonly #open: () => SubscriberLine
  #isLent = true

  /** `open` makes a connection of our own to the same address. */
  constructor(line: SubscriberLine, open: () => SubscriberLine) {
    super()
    this.#open = open
    this.switchTo(line)
  }

  // A client that its user has closed, or that is connecting, is left to itself.
  override get reset(): (() => void) | undefined {
    if (!this.#isLent) return super.reset
    return this.isUp ? this.#replace : undefined
  }

  readonly #replace = (): void => {
    this.#isLent = false
    this.switchTo(this.#open())
  }
}
