/** The places of this node's changes in the order in which they were sent. It knows which of them are under way. */
export class CallPlaces {
  readonly #underWay = new Set<number>()
  /** The last place that was given. */
  last = 0

  /** Returns the place of a change that is sent now. */
  begin(): number {
    const place = ++this.last
    this.#underWay.add(place)
    return place
  }

  /** Ends a change, because it was answered or never will be. */
  end(place: number): void {
    this.#underWay.delete(place)
  }

  /** The first place under way; `Infinity` = there is none. */
  get oldest(): number {
    for (const place of this.#underWay) return place
    return Infinity
  }
}
