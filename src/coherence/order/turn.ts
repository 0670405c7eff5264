/** The turn of a call that may be given up before it is answered. Each of its targets is queued at most once. */
export class Turn {
  #place: number | undefined
  #reason: Error | undefined
  readonly #acked = new Set<number>()
  readonly #queued = new Set<number>()

  /** The place of the call among the changes of this node; `undefined` = it was not sent. */
  get place(): number | undefined {
    return this.#place
  }

  /** The reason for which the call was given up; `undefined` = it was not. */
  get givenUp(): Error | undefined {
    return this.#reason
  }

  giveUp(reason: Error): void {
    this.#reason = reason
  }

  /** Notes that the call is sent. */
  sent(place: number): void {
    this.#place = place
  }

  /** Notes that the server has executed the call for a target. */
  acknowledge(index: number): void {
    this.#acked.add(index)
  }

  /** Whether the server has executed the call for a target. */
  isAcked(index: number): boolean {
    return this.#acked.has(index)
  }

  /**
   * Whether a target is to be queued now, because it was neither executed nor queued before. A later call may have made
   * up for a target that was queued before.
   */
  queue(index: number): boolean {
    if (this.#acked.has(index) || this.#queued.has(index)) return false
    this.#queued.add(index)
    return true
  }
}
